// Package assets holds the bytes that Kith ships and did not write: the
// browser library of the dashboard and its typeface, each with its licence,
// and the icon. It owns no behaviour. The invariant: every file under vendor/
// and fonts/ is, byte for byte, the one its package published, as
// vendor/vendored.json lists and ui/test/vendored.test.js checks.
package assets

import "embed"

// Files is the tree as the server mounts it: vendor/, fonts/ and icons/.
//
//go:embed vendor fonts icons
var Files embed.FS
