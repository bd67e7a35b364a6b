// Package tryit serves the try-it page: a sign-up in the browser against the API on the same origin. Its files are in page/; they load nothing from
// outside.
package tryit

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
)

//go:embed page
var files embed.FS

// Prefix is the path below which the page's files and its configuration are. The page itself is at /.
const Prefix = "/tryit/"

// Config is what the page needs to know. It is at Prefix + config.json.
type Config struct {
	// InboxURL is where the mails can be read.
	InboxURL string `json:"inbox_url"`
}

// Handler serves page/index.html at /, the other files of page/ below Prefix, and config.
func Handler(config Config) http.Handler {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the directory is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", http.FileServerFS(page))
	mux.Handle("GET "+Prefix, http.StripPrefix(Prefix, http.FileServerFS(page)))
	mux.HandleFunc("GET "+Prefix+"config.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(config)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}
