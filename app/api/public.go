package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"kith/app"
	"kith/app/ingest"

	"github.com/gin-gonic/gin"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "pages/page.html"))

// page is what a browser sees that came by a form or a link.
type page struct {
	Title, Text, Button string
	Subscribe           bool
}

// pagePolicy lets a public page have its one style sheet, by its hash, and its form, and
// nothing else.
var pagePolicy = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; form-action *; frame-ancestors *; base-uri 'none'"

// styleHash is the SHA-256 of what stands in the page between the tags of its style.
func styleHash() string {
	var b strings.Builder
	if err := pageTemplate.Execute(&b, page{}); err != nil {
		panic("api: the public page: " + err.Error())
	}
	_, rest, _ := strings.Cut(b.String(), "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// mountPublic mounts what needs no key: the embed form, confirmation links, health.
func (a *API) mountPublic(engine *gin.Engine) {
	for _, prefix := range []string{"", "/v1"} {
		g := engine.Group(prefix)
		a.route(g, "POST", "/embed/:id", anybody, a.embed)
		g.GET("/embed/:id", a.embedPage)
	}
	engine.GET("/confirm/:token", a.confirmPage)
	engine.POST("/confirm/:token", a.confirm)
	engine.GET("/healthz", func(c *gin.Context) {
		Send(c.Writer, c.Request, http.StatusOK, "application/json", statusOK)
	})
	engine.GET("/readyz", a.ready)
}

// embed subscribes whoever fills in the form of a list: JSON, or an HTML form.
// Engage: answers {"status":"text"}; a browser that navigates gets a page, or is sent
// to the list's redirect_url.
func (a *API) embed(c *call) ([]byte, error) {
	browser := wantsPage(c.Request)
	text, list, err := a.subscribe(c)
	if err != nil {
		if browser {
			a.page(c.Context, statuses[app.Public(err).Code], page{Title: "That did not work", Text: app.Public(err).Sentence()})
		}
		return nil, err
	}
	if browser {
		if list.RedirectURL != nil {
			c.Header("Location", *list.RedirectURL)
			c.status = http.StatusSeeOther
			return statusOK, nil
		}
		a.page(c.Context, http.StatusOK, page{Title: list.Title, Text: text})
		return statusOK, nil
	}
	b := append([]byte(`{"status":`), app.Quote(text)...)
	return append(b, '}'), nil
}

func (a *API) subscribe(c *call) (text string, list *app.List, err error) {
	body := c.body
	switch c.ContentType() {
	case "application/x-www-form-urlencoded", "multipart/form-data":
		if body, err = formBody(c); err != nil {
			return "", nil, err
		}
	}
	if list, err = a.store.FindList(c.Request.Context(), c.Param("id")); err != nil {
		return "", nil, err
	}
	context := c.context()
	context.Source = "form"
	change, err := ingest.Subscriber(list.ID, body, context)
	if err != nil {
		return "", nil, err
	}
	change.Profile.IsAccount = nil // a form makes people
	_, err = c.one(change, func(_ app.Reader, res app.Result) ([]byte, error) {
		switch {
		case res.Status == app.Pending:
			text = "Subscription received. It counts once it is confirmed."
		case !res.Changed:
			text = "Your email is already subscribed."
		default:
			text = "Subscription successful."
		}
		return statusOK, nil
	})
	return text, list, err
}

func formBody(c *call) ([]byte, error) {
	if c.ContentType() == "application/x-www-form-urlencoded" {
		values, err := url.ParseQuery(string(c.body))
		if err != nil {
			return nil, app.Invalid("", "the form is not encoded as it should be: %v", err)
		}
		return ingest.Form(values), nil
	}
	r, err := http.NewRequest(http.MethodPost, "/", bytes.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", c.GetHeader("Content-Type"))
	if err := r.ParseMultipartForm(app.MaxBody); err != nil {
		return nil, app.Invalid("", "the form is not encoded as it should be: %v", err)
	}
	return ingest.Form(r.MultipartForm.Value), nil
}

func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html") && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

// embedPage is the form itself, for a link where no page of one's own is at hand.
func (a *API) embedPage(c *gin.Context) {
	l, err := a.store.FindList(c.Request.Context(), c.Param("id"))
	switch {
	case err != nil:
		a.page(c, http.StatusNotFound, page{Title: "There is no such list", Text: "The link may be old, or cut short."})
	case l.ArchivedAt != nil:
		a.page(c, http.StatusGone, page{Title: l.Title, Text: "This list takes no new subscribers."})
	default:
		text := ""
		if l.Description != nil {
			text = *l.Description
		}
		a.page(c, http.StatusOK, page{Title: l.Title, Text: text, Subscribe: true})
	}
}

// confirmPage shows a button: a link alone changes nothing, for mail scanners open links.
func (a *API) confirmPage(c *gin.Context) {
	a.page(c, http.StatusOK, page{Title: "Confirm your subscription", Text: "One click, and you are on the list.", Button: "Confirm"})
}

func (a *API) confirm(c *gin.Context) {
	results, err := a.store.Apply(context.WithoutCancel(c.Request.Context()), app.Batch{Changes: []app.Change{&app.Confirm{Token: c.Param("token"), Source: "form"}}})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		a.page(c, statuses[app.Public(err).Code], page{Title: "That did not work", Text: app.Public(err).Sentence()})
		return
	}
	a.page(c, http.StatusOK, page{Title: "You are subscribed", Text: "You can close this page."})
}

func (a *API) page(c *gin.Context, status int, p page) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		a.o.Log.Error("make a page", "error", err)
		return
	}
	c.Header("Content-Security-Policy", pagePolicy)
	Send(c.Writer, c.Request, status, "text/html; charset=utf-8", b.Bytes())
}
