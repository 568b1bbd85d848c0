// Package example is how a team tests its own code against `kith mock`: signup.go and
// signup_test.go in Go, signup.js and signup.test.js in Node. It imports nothing of Kith,
// as theirs would not; it is not part of the program.
package example
