package sdk_test

import (
	"embed"
	"encoding/base64"
	"html/template"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

//go:embed pages
var pages embed.FS

// key only has to name a host with a dot: with a proxy URL nobody asks that host.
var key = "pk_live_" + base64.StdEncoding.EncodeToString([]byte("clerk.example.test$"))

// An app is an application's own server: its pages, and the API at /__clerk. The pages have the SDKs' scripts from the API, as those of frameworks do.
type app struct {
	*httptest.Server
	// url is the pages' origin.
	url string
	api atomic.Pointer[url.URL]
}

func newApp(t *testing.T) *app {
	t.Helper()
	a := &app{}
	mux := http.NewServeMux()
	mux.Handle("/__clerk/", http.StripPrefix("/__clerk", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(a.api.Load())
		r.SetXForwarded()
		r.Out.Header.Set("Clerk-Proxy-Url", a.url+"/__clerk")
	}}))
	for _, major := range []string{"5", "6"} {
		mux.HandleFunc("/"+major+"/{mode}/{rest...}", a.page(major))
	}
	mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	a.url = "http://localhost:" + a.port(t)
	return a
}

// page serves the pages that have that major of the SDK.
func (a *app) page(major string) http.HandlerFunc {
	all := template.Must(template.ParseFS(pages, "pages/"+major+"-*.html"))
	return func(w http.ResponseWriter, r *http.Request) {
		name, mode := major+"-headless.html", r.PathValue("mode")
		if r.PathValue("rest") == "sign-up" {
			name = major + "-prebuilt.html"
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		err := all.ExecuteTemplate(w, name, map[string]string{"Key": key, "ProxyURL": a.proxyURL(mode), "Home": "/" + major + "/" + mode + "/"})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

func (a *app) port(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(a.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// serve has the app reach the API at that base URL.
func (a *app) serve(apiURL string) error {
	address, err := url.Parse(apiURL)
	a.api.Store(address)
	return err
}

// proxyURL is what a page of that mode gives its SDK: the app's own path, or the API on another port of the same host.
func (a *app) proxyURL(mode string) string {
	if mode == "proxied" {
		return "/__clerk"
	}
	return a.api.Load().String()
}
