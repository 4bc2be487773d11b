package serve

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"t5train/trainer/serve/access"
)

// Forms are read as JSON is: it is what clients of LibreTranslate in Python send.
func TestTranslateForms(t *testing.T) {
	_, h := startProfile(t, spokenProfile(), Options{})
	for name, c := range map[string]struct {
		form   url.Values
		status int
		want   string
	}{
		"a text": {url.Values{"q": {"a & b=c"}, "source": {"en"}, "target": {"de"}}, 200,
			`{"translatedText":"re: a \u0026 b=c"}`},
		"a number": {url.Values{"q": {"1"}, "source": {"auto"}, "target": {"de"}, "alternatives": {"1"},
			"format": {"text"}}, 200, `{"translatedText":"re: 1","alternatives":["re: re: 1"]}`},
		"no number": {url.Values{"q": {"1"}, "source": {"auto"}, "target": {"de"}, "alternatives": {"x"}}, 400,
			"want an integer"},
		"twice":     {url.Values{"q": {"1", "2"}, "source": {"en"}, "target": {"de"}}, 400, "twice"},
		"not UTF-8": {url.Values{"q": {"\xff"}, "source": {"en"}, "target": {"de"}}, 400, "UTF-8"},
		"empty":     {url.Values{}, 400, `"q" is missing`},
	} {
		r, err := http.PostForm(h.URL+"/translate", c.form)
		if err != nil {
			t.Fatal(err)
		}
		status, answer := read(t, r)
		if status != c.status || !strings.Contains(strings.ReplaceAll(answer, "&", `\u0026`), c.want) &&
			!strings.Contains(strings.ReplaceAll(answer, `\"`, `"`), c.want) {
			t.Errorf("%s: %d %s, want %d %s", name, status, answer, c.status, c.want)
		}
	}
	for _, path := range []string{"/v1/generate", "/generate", "/v1/completions"} { // where nobody sends forms
		r, err := http.PostForm(h.URL+path, url.Values{"inputs": {"a"}})
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := read(t, r); status != 415 {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
}

// The key may be in the body, and is checked before anything else is said.
func TestTranslateKeys(t *testing.T) {
	_, h := startProfile(t, spokenProfile(), Options{Keys: access.NewKeys("first-key")})
	form := func(path, key, authorization string) (int, string) {
		body := url.Values{"q": {"a"}, "source": {"en"}, "target": {"de"}}
		if key != "" {
			body.Set("api_key", key)
		}
		r, err := http.NewRequest("POST", h.URL+path, strings.NewReader(body.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return read(t, answer)
	}
	for _, c := range []struct {
		path, key, authorization string
		want                     int
	}{
		{"/translate", "first-key", "", 200}, {"/translate", "", "Bearer first-key", 200},
		{"/translate", "wrong", "Bearer first-key", 200}, {"/translate", "", "", 403}, {"/translate", "wrong", "", 403},
		{"/translate", "first-key", "Bearer wrong", 403}, {"/detect", "wrong", "", 403},
		{"/detect", "first-key", "", 501},
	} {
		status, answer := form(c.path, c.key, c.authorization)
		if status != c.want || strings.Contains(answer, "-key") {
			t.Errorf("%+v: %d %s", c, status, answer)
		}
	}
	for body, want := range map[string]int{`{"q": 1}`: 403, `{"q": 1, "api_key": "first-key"}`: 400,
		`{"api_key": 1}`: 403} {
		if status, answer := ask(t, h.URL+"/translate", body); status != want {
			t.Errorf("%s: %d %s, want %d", body, status, answer, want)
		}
	}
	if status, answer := send(t, h.URL+"/languages", ""); status != 200 {
		t.Errorf("the languages are no secret: %d %s", status, answer)
	}
}

// A model that does not translate says so.
func TestTranslateOfAnotherTask(t *testing.T) {
	_, h := start(t, Options{})
	status, answer := ask(t, h.URL+"/translate", `{"q": "a", "source": "en", "target": "de"}`)
	if status != 404 || !strings.Contains(answer, "the model does not translate") {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := send(t, h.URL+"/languages", ""); status != 404 {
		t.Errorf("%d %s", status, answer)
	}
}

// A form can be sent by a page of any site without asking, so the origin is looked at.
func TestFormsOfOtherSites(t *testing.T) {
	_, h := startProfile(t, spokenProfile(), Options{})
	for _, header := range [][2]string{{"Origin", "http://evil.test"}, {"Sec-Fetch-Site", "cross-site"},
		{"Origin", "null"}} {
		r, err := http.NewRequest("POST", h.URL+"/translate", strings.NewReader("q=a&source=en&target=de"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(header[0], header[1])
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if status, text := read(t, answer); status != 403 || !strings.Contains(text, "another origin") {
			t.Errorf("%s: %d %s", header, status, text)
		}
	}
}
