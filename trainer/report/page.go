package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"
	"time"
)

//go:embed page
var files embed.FS

// Options say how curves are shown.
type Options struct {
	Smoothing float64 // of noisy curves, from 0 to less than 1: the share of what was before in each point
	Log       bool    // logarithmic scales of losses and gradient norms

	Next func(*Run) []string // command lines for what may be done with a run now (none)
}

// Page is all that a page shows.
type Page struct {
	Runs      []*Run    `json:"runs"`
	Charts    []Chart   `json:"charts"`
	Written   time.Time `json:"written"`
	Smoothing float64   `json:"smoothing"`
	Log       bool      `json:"log"`
	Live      bool      `json:"live"` // whether it asks for what is new
}

// NewPage returns the page of runs.
func NewPage(runs []*Run, o Options) Page {
	for _, r := range runs {
		r.Glance = r.glance()
		if o.Next != nil {
			r.Glance.Next = o.Next(r)
		}
	}
	return Page{Runs: runs, Charts: chartsOf(runs), Written: time.Now().UTC().Truncate(time.Second),
		Smoothing: o.Smoothing, Log: o.Log}
}

// WritePage writes a page as HTML that needs no other file. Texts of runs are data in it, in which <, > and & are
// escaped (encoding/json does it); the script shows them as text. The policy lets nothing else run, whatever a text
// holds.
func WritePage(w io.Writer, p Page) error {
	text, err := pageOf(p)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	_, err = io.WriteString(w, text)
	return err
}

// Style returns the style sheet of the page, for pages that are to look like it: .c0 to .c7 are the colours of curves.
func Style() (string, error) {
	css, err := files.ReadFile("page/page.css")
	style := string(css)
	for i, c := range palette {
		style += fmt.Sprintf(".c%d { color: light-dark(%s, %s); }\n", i, hex(c), hex(onDark[i]))
	}
	return style, err
}

func pageOf(p Page) (string, error) {
	read := func(names ...string) (text string, err error) {
		for _, name := range names {
			part, err := files.ReadFile("page/" + name)
			if err != nil {
				return "", err
			}
			text += string(part)
		}
		return text, nil
	}
	frame, err := read("index.html")
	if err != nil {
		return "", err
	}
	style, err := Style()
	if err != nil {
		return "", err
	}
	script, err := read("chart.js", "glance.js", "evaluation.js", "page.js")
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	policy := fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; connect-src 'self'; base-uri 'none'; "+
		"form-action 'none'", Hash(style), Hash(script))
	var names []string
	for _, r := range p.Runs {
		names = append(names, r.Name)
	}
	title := html.EscapeString(strings.Join(names, ", "))
	return strings.NewReplacer("{{policy}}", policy, "{{title}}", title, "{{style}}", style, "{{script}}", script,
		"{{data}}", string(data)).Replace(frame), nil
}

// Hash names an inline style or script in a content security policy.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
