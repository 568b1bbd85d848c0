package app

import (
	"errors"
	"fmt"
)

// Code says what kind of failure an [Error] is. Each API turns it into its own
// status in one place.
type Code string

// The codes, in the order of their usual HTTP statuses.
const (
	CodeInvalid      Code = "invalid"      // the request is wrong: the message says how to mend it
	CodeUnauthorized Code = "unauthorized" // no key, or a wrong one
	CodeForbidden    Code = "forbidden"    // a good key without this right
	CodeNotFound     Code = "not_found"
	CodeConflict     Code = "conflict"
	CodeTooLarge     Code = "too_large"
	CodeRateLimited  Code = "rate_limited" // try again later; nothing was stored
	CodeUnavailable  Code = "unavailable"  // disk full, shutting down, not there yet
	CodeInternal     Code = "internal"
)

// Error is the one error type that may reach a client. Message is for the client,
// Err for the log. Field names the faulty part of the request, if one part is.
type Error struct {
	Code    Code
	Message string
	Field   string
	Err     error
}

// Error returns the client's message, and the cause behind it if there is one.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Sentence is what a client reads: the message, behind the name of the faulty part.
func (e *Error) Sentence() string {
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Invalid says that the request is wrong in field (which may be "").
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Fail makes an error of any code, for the client to read.
func Fail(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// NotFound says that a thing is not there.
func NotFound(format string, args ...any) *Error { return Fail(CodeNotFound, format, args...) }

// CodeOf returns the code of err: that of the [Error] in its chain, else CodeInternal.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// Public returns what a client may read of err: the message of the [Error] in its
// chain, else a sentence that gives nothing away.
func Public(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeInternal, Message: "Something failed inside Kith. The log has the reason under this request's id.", Err: err}
}
