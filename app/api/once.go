package api

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"

	"kith/app"
)

// once makes the call happen at most once for its Idempotency-Key: kept per API key
// and route, with a hash of the body, so that another body under the same key is seen.
// With the public key alone it is another call: the answer to one with both keys may
// hold a whole profile.
func (c *call) once(key string, encode func(r app.Reader, results []app.Result) ([]byte, error)) *app.Once {
	var row int64
	if c.key != nil {
		row = c.key.Row
	}
	scope := sha256.New()
	scope.Write(binary.BigEndian.AppendUint64(nil, uint64(row)))
	rights := "public"
	if c.trusted {
		rights = "full"
	}
	for _, part := range []string{rights, c.Request.Method, c.Request.URL.EscapedPath(), key} {
		scope.Write([]byte(part))
		scope.Write([]byte{0})
	}
	o := &app.Once{Body: sha256.Sum256(c.body)}
	scope.Sum(o.Scope[:0])
	o.Encode = func(r app.Reader, results []app.Result) (int, []byte, error) {
		body, err := encode(r, results)
		return http.StatusOK, body, err
	}
	return o
}
