// Package ui holds the dashboard's source as the browser runs it: ES modules,
// styles and one page. It owns what a person sees and never how data is kept:
// everything it knows comes over the JSON API under /api (see api.js).
//
// The invariant: what stands in this folder is what runs. There is no build
// step, so modules import each other by relative paths, which hold under any
// prefix as long as the trees ui/ and assets/ are mounted side by side.
// index.html alone names the prefix, as {{base}}, which the server fills in.
// Tests live in test/, outside the embedded patterns.
package ui

import "embed"

// Index is the name in Files of the page that answers every path under /app/.
const Index = "index.html"

// Base is the placeholder in Index for the prefix of the two mounted trees,
// such as /_/3f9c2a: {{base}}/ui/main.js and {{base}}/assets/vendor/… must answer.
const Base = "{{base}}"

// Files is the dashboard: index.html, *.js, *.css, components/ and pages/.
//
//go:embed index.html *.js *.css components/*.js pages/*.js
var Files embed.FS
