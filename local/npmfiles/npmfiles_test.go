package npmfiles

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/httpapi"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/template"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

const cdn = "https://cdn.example/npm"

// modules is a node_modules with the packages of about, each by its directory, name and version, and one script that tells which it is.
func modules(t *testing.T, about ...[3]string) string {
	t.Helper()
	root := t.TempDir()
	for _, p := range about {
		text, _ := json.Marshal(map[string]string{"name": p[1], "version": p[2]})
		for file, text := range map[string]string{"package.json": string(text), "dist/clerk.browser.js": "// " + p[2], "dist/sub/x.js": "", "secret.js": "secret"} {
			file = filepath.Join(root, p[0], file)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

func get(s *Server, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, Prefix+path, nil))
	return w
}

// The newest installed release within the range is served, under whatever name it is installed; the rest is the CDN's.
func TestRangesChooseReleases(t *testing.T) {
	s := New(cdn, modules(t,
		[3]string{"clerk-js-5", "@clerk/clerk-js", "5.128.0"}, [3]string{"@clerk/clerk-js", "@clerk/clerk-js", "6.40.0"},
		[3]string{"newer", "@clerk/clerk-js", "6.41.0-canary.1"}, [3]string{"@clerk/shared", "@clerk/shared", "9.0.0"},
	), filepath.Join(t.TempDir(), "missing"))
	for versions, want := range map[string]string{
		"5": "5.128.0", "6.40.0": "6.40.0", "6.40": "6.40.0", "~6.40.0": "6.40.0", "^6.3.1": "6.41.0-canary.1", "6": "6.41.0-canary.1",
		"latest": "6.40.0", "6.41.0-canary.1": "6.41.0-canary.1", "5.128": "5.128.0",
		"7": "", "6.39.0": "", "5.129": "", "^5.129.0": "", "canary": "", "^": "",
	} {
		got := get(s, "@clerk/clerk-js@"+versions+"/dist/clerk.browser.js")
		switch location := got.Header().Get("Location"); {
		case got.Header().Get("Access-Control-Allow-Origin") != "*":
			t.Errorf("%s: pages can't read it", versions)
		case want == "" && (got.Code != http.StatusTemporaryRedirect || location != cdn+"/@clerk/clerk-js@"+versions+"/dist/clerk.browser.js"):
			t.Errorf("%s: %d to %s, want the CDN", versions, got.Code, location)
		case want != "" && (got.Code != http.StatusOK || got.Body.String() != "// "+want):
			t.Errorf("%s: %d %s, want %s", versions, got.Code, got.Body, want)
		}
	}
	if New(cdn, t.TempDir()).Any() || !s.Any() {
		t.Error("Any is wrong")
	}
}

func TestOnlyFilesOfDistAreServed(t *testing.T) {
	s := New(cdn, modules(t, [3]string{"@clerk/clerk-js", "@clerk/clerk-js", "6.40.0"}))
	for _, path := range []string{
		"", "@clerk/clerk-js", "@clerk/clerk-js@6/secret.js", "@clerk/clerk-js@6/dist/../secret.js", "@clerk/clerk-js@6/dist/sub", "@clerk/clerk-js@6/dist/sub/x.js",
		"@clerk/clerk-js@6/dist/none.js", "@clerk/clerk-js@6/dist/", "@clerk/clerk-js@6/dist/..", "../package.json", "@clerk/clerk-js@6/dist/%2e%2e%2fsecret.js",
		"lodash@4/dist/clerk.browser.js", "@clerk/clerk-js@6/x/dist/clerk.browser.js",
	} {
		if got := get(s, path); got.Code != http.StatusNotFound {
			t.Errorf("%q: %d %s", path, got.Code, got.Header().Get("Location"))
		}
	}
}

// invoker runs a function of the HTTP API in this process.
type invoker struct{ *gateway.Function }

func (i invoker) Invoke(ctx context.Context, payload []byte, _ string) (lambdahost.Result, error) {
	answer, err := i.Function.Invoke(ctx, payload)
	return lambdahost.Result{Payload: answer}, err
}

// A page that loads the SDK from the API gets its scripts, the chunks that they load later included, from the packages that are installed here.
func TestInstalledSDKLoadsThroughTheAPI(t *testing.T) {
	files := New(cdn, "../sdk/node_modules")
	if !files.Any() {
		t.Fatal("the SDK isn't installed: `make setup` installs it")
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	s := settings.Default()
	s.SDKURL = server.URL + strings.TrimSuffix(Prefix, "/")
	f := &gateway.Function{
		Settings: s, Wire: clerk.Wire{}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Endpoints: []gateway.Endpoint{{Operation: clerk.GetSDKFile, Handler: clerk.SDKFile(s)}},
	}
	mux.Handle("/", httpapi.New(httpapi.Options{Targets: []httpapi.Target{{
		Route: template.Route{Method: http.MethodGet, Path: "/npm/{proxy+}"}, Function: "client/npm", Invoker: invoker{f},
	}}}))
	mux.Handle(Prefix, files)
	for name, releases := range files.installed {
		for _, release := range releases {
			scripts, err := filepath.Glob(filepath.Join(release.dir, "dist", "*.js"))
			if err != nil || len(scripts) < 2 {
				t.Fatalf("%s %s has no chunks: %v", name, release.version, err)
			}
			for _, script := range scripts {
				load(t, server.URL+"/npm/"+name+"@"+strings.TrimPrefix(release.version, "v")+"/dist/"+filepath.Base(script), script)
			}
		}
	}
}

// load gets address as a script with crossorigin=anonymous does.
func load(t *testing.T, address, script string) {
	t.Helper()
	want, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://app.example.com")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK || string(body) != string(want) {
		t.Errorf("%s: %d, %d bytes of %d (%v)", address, got.StatusCode, len(body), len(want), err)
	}
	for hop, told := range map[string]*http.Response{"the API": got.Request.Response, "the CDN": got} {
		if told.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %s doesn't let the page read it", address, hop)
		}
	}
	if kind := got.Header.Get("Content-Type"); kind != "text/javascript; charset=utf-8" {
		t.Errorf("%s is %s", address, kind)
	}
}
