//go:build !unix

package command

import "io"

// isJournal is for systems that have systemd.
func isJournal(io.Writer) bool { return false }
