package label

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"t5train/internal/clip"
	"t5train/internal/loopback"
)

// client sends requests to one URL.
type client struct {
	url  string
	http *http.Client
}

func newClient(o Options) (*client, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, fmt.Errorf("label: the endpoint %.80q is no URL of an API: want one such as "+
			"http://127.0.0.1:8080/v1, with the key in the environment", withoutUser(o.Endpoint))
	}
	if o.Key != "" && u.Scheme == "http" && !loopback.Is(u.Hostname()) {
		return nil, errors.New("label: the key would be readable on the way to the endpoint: use https, or no key")
	}
	path := "chat/completions"
	if o.Completions {
		path = "completions"
	}
	return &client{url: u.JoinPath(path).String(), http: &http.Client{
		Timeout: o.Timeout,
		// Neither texts nor the key go anywhere but where the user has said.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// problem is what went wrong with a request.
type problem struct {
	message string
	passes  bool          // it may be better the next time
	after   time.Duration // not before; 0: not said
}

func (p problem) Error() string { return p.message }

// longestWait bounds what a server may ask for by Retry-After, and what retries come to.
const longestWait = 2 * time.Minute

// ask returns the answer to a prompt, after retries.
func (l *Labeller) ask(ctx context.Context, prompt string) (string, error) {
	for try, wait := 0, l.o.Wait; ; try, wait = try+1, 2*wait {
		if most := l.o.MaxRequests; l.asked.Add(1) > int64(most) && most > 0 {
			l.asked.Add(-1)
			return "", errBudget
		}
		text, err := l.once(ctx, prompt)
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		var p problem
		switch {
		case err == nil:
			return text, nil
		case !errors.As(err, &p) || !p.passes:
			return "", fmt.Errorf("label: %w", err)
		case try == l.o.Retries:
			return "", fmt.Errorf("label: %w, after %d tries: the same command resumes when the endpoint answers", err,
				try+1)
		}
		pause := max(p.after, time.Duration(float64(wait)*(0.5+rand.Float64()/2))) // so that not all come at once
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-time.After(min(pause, longestWait)):
		}
	}
}

// reply is what of an answer is read, of either API.
type reply struct {
	Choices []struct {
		Text    *string `json:"text"`
		Message struct {
			Content *string `json:"content"`
		} `json:"message"`
	} `json:"choices"`
}

// mostBytes bounds an answer.
const mostBytes = 4 << 20

// once asks once.
func (l *Labeller) once(ctx context.Context, prompt string) (string, error) {
	body := map[string]any{"model": l.o.Model, "max_tokens": l.o.MaxTokens, "temperature": 0}
	if l.o.Completions {
		body["prompt"] = prompt
	} else {
		body["messages"] = []map[string]string{{"role": "user", "content": prompt}}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.client.url, bytes.NewReader(raw))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	if l.o.Key != "" {
		r.Header.Set("Authorization", "Bearer "+l.o.Key)
	}
	answer, err := l.client.http.Do(r)
	if err != nil {
		return "", problem{message: fmt.Sprintf("ask %s: %v", l.client.url, errors.Unwrap(err)), passes: true}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostBytes))
	if answer.StatusCode != http.StatusOK {
		return "", l.refused(answer, text)
	}
	var got reply
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		return "", problem{message: fmt.Sprintf("ask %s: the answer is cut off or not JSON: %v", l.client.url, err),
			passes: true}
	}
	if len(got.Choices) > 0 {
		if c := got.Choices[0]; c.Text != nil {
			return *c.Text, nil
		} else if c.Message.Content != nil {
			return *c.Message.Content, nil
		}
	}
	return "", problem{message: fmt.Sprintf("ask %s: the answer has no text in choices: is it the URL of an API like "+
		"OpenAI's?", l.client.url)}
}

// refused is an answer with another status than 200.
func (l *Labeller) refused(answer *http.Response, text []byte) error {
	p := problem{message: fmt.Sprintf("ask %s: %s", l.client.url, answer.Status)}
	switch code := answer.StatusCode; {
	case code >= 300 && code < 400:
		p.message += fmt.Sprintf(": it sends to %.200q, where nothing is sent: name that URL as the endpoint if you "+
			"trust it", answer.Header.Get("Location"))
		return p
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		p.passes = true
		if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
			p.after = time.Duration(min(seconds, int(longestWait/time.Second))) * time.Second
		}
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		p.message += ": the endpoint wants another key in the environment"
	case code == http.StatusNotFound:
		p.message += ": there is no such path or model: check both"
	}
	if said := strings.TrimSpace(string(text)); said != "" {
		if l.o.Key != "" {
			said = strings.ReplaceAll(said, l.o.Key, "(key)")
		}
		p.message += ": " + clip.Text(strings.Join(strings.Fields(said), " "), 200)
	}
	return p
}

// withoutUser returns a URL without a password that may stand in front of its host.
func withoutUser(text string) string {
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		return "..." + text[at:]
	}
	return text
}
