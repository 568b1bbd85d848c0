// Kith keeps a small team's customer data and speaks the API of Engage.
package main

import (
	_ "embed"
	"os"

	"kith/app/command"
)

// exampleConfig is what `kith init` writes.
//
//go:embed config.example.toml
var exampleConfig []byte

func main() { os.Exit(command.Main(os.Args[1:], os.Stdout, os.Stderr, exampleConfig)) }
