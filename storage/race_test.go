//go:build race

package storage_test

// checks is how many worlds a property test makes: the race detector is ten times slower.
const checks = 5
