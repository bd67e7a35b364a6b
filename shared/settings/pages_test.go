package settings

import "testing"

// What people and browsers are sent to must be a safe address; sdk_url can't be left out, as there is nothing else to serve.
func TestPagesAndSDKAddresses(t *testing.T) {
	for document, fault := range map[string]string{
		`{"sdk_url":"https://npm.example/mirror"}`:      "",
		`{"sdk_url":"http://localhost:8080/local-npm"}`: "",
		`{"sdk_url":""}`:                                          "sdk_url",
		`{"sdk_url":"http://npm.example"}`:                        "sdk_url",
		`{"sdk_url":"https://npm.example/"}`:                      "sdk_url",
		`{"sdk_url":"https://npm.example/?x"}`:                    "sdk_url",
		`{"sdk_url":"https://user@npm.example"}`:                  "sdk_url",
		`{"sdk_url":"https://npm.example/a/../b"}`:                "sdk_url",
		`{"sdk_url":"//npm.example"}`:                             "sdk_url",
		`{"sdk_url":"javascript:alert(1)"}`:                       "sdk_url",
		`{"pages":{"home_url":"https://app.example.com/?a=b#c"}}`: "",
		`{"pages":{"sign_in_url":"http://localhost:3000/in"}}`:    "",
		`{"pages":{"home_url":"javascript:alert(1)"}}`:            "pages.home_url",
		`{"pages":{"sign_in_url":"http://app.example.com/in"}}`:   "pages.sign_in_url",
		`{"pages":{"sign_up_url":"/join"}}`:                       "pages.sign_up_url",
		`{"pages":{"logo_url":"data:image/png;base64,x"}}`:        "pages.logo_url",
	} {
		_, err := Parse([]byte(document))
		faults, _ := err.(Faults)
		switch {
		case fault == "" && err != nil:
			t.Errorf("%s: %v", document, err)
		case fault != "" && (len(faults) != 1 || faults[0].Key != fault):
			t.Errorf("%s: %v, want a fault of %s", document, err, fault)
		}
	}
}

func TestHome(t *testing.T) {
	const fallback = "https://accounts.example.com/__clerk"
	for want, s := range map[string]*Settings{
		"https://www.example.com/a?b":   {Pages: Pages{HomeURL: "https://www.example.com/a?b"}, AllowedOrigins: []string{"https://app.example.com"}},
		"https://app.example.com/":      {AllowedOrigins: []string{"http://localhost:*", "chrome-extension://a", "https://app.example.com", "https://b.example.com"}},
		"https://accounts.example.com/": {AllowedOrigins: []string{"http://localhost:*"}},
	} {
		if got := s.Home(fallback); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestAppOriginAllowed(t *testing.T) {
	s := &Settings{AllowedOrigins: []string{"https://app.example.com", "http://localhost:*", "chrome-extension://abc", "capacitor://localhost"}}
	for origin, want := range map[string]bool{
		"chrome-extension://abc": true, "capacitor://localhost": true, "chrome-extension://abd": false, "https://app.example.com": false,
		"http://localhost:3000": false, "http://localhost:*": false, "null": false, "": false, "chrome-extension:abc": false,
	} {
		if s.AppOriginAllowed(origin) != want {
			t.Errorf("%q: %v", origin, !want)
		}
	}
}
