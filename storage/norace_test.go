//go:build !race

package storage_test

// checks is how many worlds a property test makes.
const checks = 25
