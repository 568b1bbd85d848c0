package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"kith/app/api"

	"github.com/gin-gonic/gin"
)

// file is one of the dashboard's files.
type file struct {
	kind  string
	plain []byte
	// packed packs it when it is first asked for: packing all of them would take a third of
	// the time that a start takes. It is nil where that is not worth it, and returns nil
	// where it gained nothing.
	packed func() []byte
}

// dashboardPolicy: nothing from outside, no inline script or style, in no frame.
const dashboardPolicy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Dashboard mounts the dashboard: its pages at /app, and its files, whose address holds
// a hash of all of them, so that a browser may keep them for good.
func Dashboard(ui, assets fs.FS) (func(*gin.Engine), error) {
	files := map[string]*file{}
	for name, tree := range map[string]fs.FS{"ui": ui, "assets": assets} {
		if err := readTree(tree, name, files); err != nil {
			return nil, err
		}
	}
	index := files["ui/index.html"]
	if index == nil {
		return nil, fmt.Errorf("the dashboard has no index.html")
	}
	base := "/_/" + hashOf(files)
	page := newFile("text/html; charset=utf-8", bytes.ReplaceAll(index.plain, []byte("{{base}}"), []byte(base)))
	servePage := func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", dashboardPolicy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		page.send(c, http.StatusOK)
	}
	return func(engine *gin.Engine) {
		engine.GET("/", func(c *gin.Context) { c.Redirect(http.StatusFound, "/app/") })
		engine.GET("/favicon.ico", func(c *gin.Context) {
			if icon := files["assets/icons/kith.svg"]; icon != nil {
				icon.send(c, http.StatusOK)
				return
			}
			noRoute(c)
		})
		engine.GET("/app", servePage)
		engine.GET("/app/*page", servePage)
		engine.GET("/_/*file", func(c *gin.Context) {
			name, ok := strings.CutPrefix(c.Request.URL.Path, base+"/")
			f := files[name]
			if !ok || f == nil {
				noRoute(c)
				return
			}
			c.Header("Cache-Control", "public, max-age=31536000, immutable")
			f.send(c, http.StatusOK)
		})
	}, nil
}

func readTree(tree fs.FS, name string, files map[string]*file) error {
	return fs.WalkDir(tree, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(tree, p)
		if err != nil {
			return err
		}
		kind := mime.TypeByExtension(path.Ext(p))
		switch path.Ext(p) {
		case ".js", ".mjs":
			kind = "text/javascript; charset=utf-8"
		case ".css":
			kind = "text/css; charset=utf-8"
		case ".svg":
			kind = "image/svg+xml"
		case ".woff2":
			kind = "font/woff2"
		case "":
			kind = "text/plain; charset=utf-8"
		}
		files[name+"/"+p] = newFile(kind, content)
		return nil
	})
}

func newFile(kind string, content []byte) *file {
	f := &file{kind: kind, plain: content}
	if !strings.HasPrefix(kind, "font/") && len(content) >= 1000 {
		f.packed = sync.OnceValue(func() []byte { return pack(content) })
	}
	return f
}

func pack(content []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if _, err := z.Write(content); err != nil || z.Close() != nil || b.Len() >= len(content) {
		return nil
	}
	return b.Bytes()
}

// hashOf names all the files by their content.
func hashOf(files map[string]*file) string {
	var sum [32]byte
	for name, f := range files { // any order: the parts are xored
		h := sha256.New()
		h.Write([]byte(name))
		h.Write([]byte{0})
		h.Write(f.plain)
		for i, b := range h.Sum(nil) {
			sum[i] ^= b
		}
	}
	return hex.EncodeToString(sum[:8])
}

func (f *file) send(c *gin.Context, status int) {
	h := c.Writer.Header()
	h.Set("Content-Type", f.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	body := f.plain
	if f.packed != nil {
		h.Add("Vary", "Accept-Encoding")
		if api.AcceptsGzip(c.Request) {
			if packed := f.packed(); packed != nil {
				h.Set("Content-Encoding", "gzip")
				body = packed
			}
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body)
}
