package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestServe starts servers and asks them as a user does.
func TestServe(t *testing.T) {
	s := servers{running: make(map[*testscript.TestScript]*server)}
	runScripts(t, "testdata/serve", map[string]func(*testscript.TestScript, bool, []string){
		"serving": s.serving, "watching": s.watching, "stops": s.stops, "curl": curl, "readme": readme,
		"certificate": certificate,
	})
}

// servers are those of the scripts that run, one each.
type servers struct {
	mu      sync.Mutex
	running map[*testscript.TestScript]*server
}

type server struct {
	cmd *exec.Cmd
	log *serverLog
}

// serverLog gathers what a server says, and tells the address that it listens at.
type serverLog struct {
	mu      sync.Mutex
	text    bytes.Buffer
	address chan string
}

var listens = regexp.MustCompile(`(?m)^(?:serve|report): (https?://\S+)\s`)

func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.text.Write(p)
	if found := listens.FindSubmatch(l.text.Bytes()); found != nil && l.address != nil {
		l.address <- string(found[1])
		l.address = nil
	}
	return n, err
}

// serving starts t5train serve at a free port, and sets URL and PORT:
//
//	serving --model $RUN
func (s *servers) serving(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: serving [flags...]")
	}
	s.start(ts, append([]string{"serve", "--address", "127.0.0.1:0"}, args...)) // the last --address holds
}

// watching starts t5train report --watch at a free port, and sets URL:
//
//	watching $RUN
func (s *servers) watching(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: watching run...")
	}
	s.start(ts, append([]string{"report", "--watch", "--address", "127.0.0.1:0"}, args...))
}

// start starts a command that serves, and sets URL and PORT.
func (s *servers) start(ts *testscript.TestScript, args []string) {
	address := make(chan string, 1)
	log := &serverLog{address: address}
	cmd := exec.Command("t5train", args...)
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), log
	ts.Check(cmd.Start())
	ts.Defer(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	select {
	case url := <-address:
		ts.Setenv("URL", url)
		ts.Setenv("PORT", url[strings.LastIndexByte(url, ':')+1:])
	case <-time.After(time.Minute):
		ts.Fatalf("the server does not listen")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[ts] = &server{cmd, log}
}

// stops sends a signal to the server, wants it to end with status 0, and leaves its log in serve.log:
//
//	stops TERM
func (s *servers) stops(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}
	if neg || len(args) != 1 || signals[args[0]] == 0 {
		ts.Fatalf("usage: stops INT|TERM")
	}
	s.mu.Lock()
	running := s.running[ts]
	s.mu.Unlock()
	ts.Check(running.cmd.Process.Signal(signals[args[0]]))
	err := running.cmd.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("serve.log"), running.log.text.Bytes(), 0o600))
	ts.Logf("%s", running.log.text.Bytes())
	if got := status(ts, err); got != 0 {
		ts.Fatalf("exit status %d, want 0", got)
	}
}

// curl does what curl does with these arguments, as far as docs/serving.md needs it, and leaves the answer in the file
// answer:
//
//	curl [-H header] [-d body] [--cacert file] url
//	! curl ...            wants a status that is none of success
func curl(ts *testscript.TestScript, neg bool, args []string) {
	var url, body string
	headers := make(http.Header)
	client := &http.Client{}
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-H":
			i++
			name, value, _ := strings.Cut(args[i], ":")
			headers.Set(name, strings.TrimSpace(value))
		case "-d":
			i++
			body = args[i]
		case "--cacert":
			i++
			pool := x509.NewCertPool()
			pool.AppendCertsFromPEM([]byte(ts.ReadFile(args[i])))
			client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}
		default:
			url = args[i]
		}
	}
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	ts.Check(err)
	r.Header, r.Host = headers, headers.Get("Host")
	answer, err := client.Do(r)
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), text, 0o600))
	ts.Logf("%s: %s", answer.Status, text)
	if success := answer.StatusCode < 300; success == neg {
		ts.Fatalf("answered %s", answer.Status)
	}
}

// certificate writes a certificate for 127.0.0.1 that is its own authority, and its private key:
//
//	certificate cert.pem key.pem
func certificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: certificate cert key")
	}
	h := httptest.NewTLSServer(nil) // which has one
	defer h.Close()
	pair := h.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	ts.Check(err)
	for i, block := range []pem.Block{{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, {Type: "PRIVATE KEY",
		Bytes: private}} {
		ts.Check(os.WriteFile(ts.MkAbs(args[i]), pem.EncodeToMemory(&block), 0o600))
	}
}

// readme runs the curl commands of docs/serving.md against the server.
func readme(ts *testscript.TestScript, neg bool, args []string) {
	text := strings.ReplaceAll(ts.ReadFile(ts.Getenv("REPO")+"/docs/serving.md"), "\\\n", "")
	commands := 0
	for line := range strings.Lines(text) {
		if words := shellWords(line); len(words) > 1 && words[0] == "curl" {
			for i, w := range words {
				words[i] = strings.NewReplacer("http://127.0.0.1:8080", ts.Getenv("URL"), "MODEL", "run").Replace(w)
			}
			curl(ts, false, words[1:])
			commands++
		}
	}
	if commands == 0 {
		ts.Fatalf("docs/serving.md has no curl command")
	}
}

// shellWords splits a command at its blanks, but not between single quotes.
func shellWords(line string) []string {
	var words []string
	for i, part := range strings.Split(strings.TrimSpace(line), "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}
