// Package server puts the HTTP surface together: the gin engine, what every request
// passes (an id, recovery, security headers), the mounting of the API, the dashboard
// and its files, listening and stopping. It knows no customer.
//
// The invariant: whatever arrives, the answer is JSON (or a page of ours), also where
// Go's own server would have answered in plain text.
package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"kith/app/api"

	"github.com/gin-gonic/gin"
)

// Options say what is served.
type Options struct {
	Log *slog.Logger
	// TrustedProxies are the addresses and networks whose X-Forwarded-For counts. Default: none.
	TrustedProxies []string
	// TLS makes the server speak HTTPS. Go's own refusals are plain text there.
	TLS *tls.Config
	// Around, if set, is what every request passes: to count it.
	Around gin.HandlerFunc
	// Mount puts the routes on the engine, in order.
	Mount []func(*gin.Engine)
}

// Limits of a connection. A request that arrives slower is cut off: what holds a
// connection for longer (a stream, a large upload) moves its own deadline.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 60 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
	stopTimeout   = 3 * time.Second
)

// Server serves HTTP.
type Server struct {
	http   *http.Server
	log    *slog.Logger
	cancel context.CancelFunc
}

// New returns a server that does not listen yet.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.RedirectFixedPath = false
	engine.HandleMethodNotAllowed = false
	if err := engine.SetTrustedProxies(o.TrustedProxies); err != nil {
		panic("server: the configuration has checked the trusted proxies: " + err.Error())
	}
	if o.Around != nil {
		engine.Use(o.Around)
	}
	engine.Use(requestID(), answered(o.Log), recovery(o.Log))
	if o.TLS != nil {
		engine.Use(func(c *gin.Context) { c.Header("Strict-Transport-Security", "max-age=31536000") })
	}
	for _, mount := range o.Mount {
		mount(engine)
	}
	engine.NoRoute(noRoute)

	ctx, cancel := context.WithCancel(context.Background())
	return &Server{
		log:    o.Log,
		cancel: cancel,
		http: &http.Server{
			Handler:           engine,
			ReadHeaderTimeout: headerTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeader,
			TLSConfig:         o.TLS,
			BaseContext:       func(net.Listener) context.Context { return ctx },
			ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		},
	}
}

// Handler is what is served, for tests.
func (s *Server) Handler() http.Handler { return s.http.Handler }

// Serve answers on l until ctx ends, then lets what is under way finish, for at most
// three seconds: with what the writer has taken on, and the closing of the file, a stop takes
// less than five.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	failed := make(chan error, 1)
	go func() {
		if s.http.TLSConfig != nil {
			failed <- s.http.ServeTLS(l, "", "")
			return
		}
		failed <- s.http.Serve(jsonListener{l})
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.cancel() // ends the streams
	stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := s.http.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("some requests did not finish in time and were cut off")
		return s.http.Close()
	}
	return err
}

// requestID gives every request an id, which its answer, the log and the error pages show.
// One that came along (X-Request-Id of a proxy) is kept.
func requestID() gin.HandlerFunc {
	var start [5]byte
	_, _ = rand.Read(start[:])
	prefix := "req_" + hex.EncodeToString(start[:])
	var n atomic.Uint64
	return func(c *gin.Context) {
		id := c.GetHeader("X-Request-Id")
		if !plainID(id) {
			id = prefix + strconv.FormatUint(n.Add(1), 36)
		}
		c.Header("X-Request-Id", id)
	}
}

// plainID reports whether an id from outside can stand in a log: 8 to 64 letters, digits,
// hyphens and underscores, in which no e-mail address or line's end can hide.
func plainID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for _, r := range id {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

// answered logs each request for who debugs. It alone names paths, which hold customers'
// ids: from info on the log has the route, and no personal data.
func answered(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		if !log.Enabled(c.Request.Context(), slog.LevelDebug) {
			return
		}
		start := time.Now()
		c.Next()
		log.Debug("answered", "request", c.Writer.Header().Get("X-Request-Id"), "method", c.Request.Method, "path", c.Request.URL.Path,
			"status", c.Writer.Status(), "bytes", c.Writer.Size(), "took", time.Since(start).Round(time.Microsecond))
	}
}

// recovery answers a panic with JSON and logs it. http.ErrAbortHandler cuts the
// connection, as it is meant to.
func recovery(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			log.Error("a request panicked", "request", c.Writer.Header().Get("X-Request-Id"), "route", c.FullPath(), "panic", p, "stack", string(debug.Stack()))
			if !c.Writer.Written() {
				api.Fail(c.Writer, c.Request, http.StatusInternalServerError, "Something failed inside Kith. The log has the reason under this request's id.")
			}
			c.Abort()
		}()
		c.Next()
	}
}

// noRoute answers what no route takes: preflights, and paths that are not there.
func noRoute(c *gin.Context) {
	if c.Request.Method == http.MethodOptions && !strings.HasPrefix(c.Request.URL.Path, "/api/") {
		api.Preflight(c.Writer, c.Request)
		return
	}
	c.Header("Access-Control-Allow-Origin", "*")
	api.Fail(c.Writer, c.Request, http.StatusNotFound, fmt.Sprintf("There is no %s %s here.", c.Request.Method, c.Request.URL.Path))
}

// jsonListener makes Go's own refusals (a path such as /users/50%, which its parser
// does not take, or headers that are too large) the same JSON as everything else: they
// are written straight to the connection, before any handler.
type jsonListener struct{ net.Listener }

func (l jsonListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return jsonConn{c}, nil
}

type jsonConn struct{ net.Conn }

// ownRefusal is how every one of those answers goes on after its status line.
const ownRefusal = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

func (c jsonConn) Write(b []byte) (int, error) {
	if len(b) > 512 || len(b) < 12 || (b[9] != '4' && b[9] != '5') {
		return c.Conn.Write(b)
	}
	head, text, ok := strings.Cut(string(b), ownRefusal)
	if !ok || strings.Contains(head, "\r\n") || !strings.HasPrefix(head, "HTTP/1.") {
		return c.Conn.Write(b)
	}
	body := api.ErrorBody(explainRefusal(text))
	answer := fmt.Sprintf("%s\r\nContent-Type: application/json; charset=utf-8\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", head, len(body), body)
	if _, err := c.Conn.Write([]byte(answer)); err != nil {
		return 0, err
	}
	return len(b), nil
}

func explainRefusal(text string) string {
	text = strings.TrimSpace(text)
	switch text {
	case "400 Bad Request":
		return "The request is not valid HTTP. A % in an id must be sent as %25."
	case "431 Request Header Fields Too Large":
		return "The headers of the request are larger than " + strconv.Itoa(maxHeader>>10) + " KB."
	}
	return "The request is not valid HTTP: " + text
}
