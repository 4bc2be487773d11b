package serve

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/data/tokenizer"
	t5 "t5train/model"
	"t5train/model/generate"
)

// BenchmarkRequests measures t5-small with random weights: what a request adds to the model's own time, and what many
// clients gain by being computed together. Each op is a request.
//
//	go test ./trainer/serve -run '^$' -bench Requests -benchtime 128x
func BenchmarkRequests(b *testing.B) {
	size, err := t5.SizeByName("small")
	if err != nil {
		b.Fatal(err)
	}
	m, err := t5.New(size.Config)
	if err != nil {
		b.Fatal(err)
	}
	m.Init(1)
	tok, err := tokenizer.T5()
	if err != nil {
		b.Fatal(err)
	}
	labels := []task.Label{{Name: "ham", Text: "ham"}, {Name: "spam", Text: "spam"}}
	spec := &task.Spec{Name: task.Classification, TextColumns: []string{"text"}, LabelColumn: "label", Labels: labels}
	folder := &checkpoints.Folder{Model: m, Tokenizer: tok, Info: checkpoints.Info{Task: spec}}
	text := strings.Repeat("You have won a prize! Call now. ", 4)
	p := newOracle(b, folder, 0)
	b.Run("classify/model alone", func(b *testing.B) {
		for b.Loop() {
			if _, err := p.Classify(context.Background(), p.input(text)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("generate/model alone", func(b *testing.B) {
		for b.Loop() {
			if _, err := p.Generate(context.Background(), p.input(text),
				generate.Options{MaxTokens: 16, MinTokens: 15}); err != nil {
				b.Fatal(err)
			}
		}
	})
	_, h := serving(b, folder, Options{})
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	client := &http.Client{Transport: transport}
	adapted, many := serving(b, folder, Options{})
	adapt(b, adapted, m, 20)
	for _, clients := range []int{1, 8, 64} {
		for _, c := range []struct{ path, options string }{{"classify", ""},
			{"classify", `, "adapter": "%d"`},
			{"generate", `, "max_new_tokens": 16, "min_new_tokens": 15`},
			{"generate", `, "max_new_tokens": 16, "min_new_tokens": 15, "adapter": "%d"`}} {
			name, url := fmt.Sprintf("%s/%d clients", c.path, clients), h.URL
			if strings.Contains(c.options, "adapter") {
				name, url = name+" of 20 adapters", many.URL
			}
			b.Run(name, func(b *testing.B) {
				body := fmt.Sprintf(`{"inputs": [%q]%s}`, text, c.options)
				var mu sync.Mutex
				var took []time.Duration
				work := make(chan int)
				var wg sync.WaitGroup
				for range clients {
					wg.Go(func() {
						for i := range work {
							begun := time.Now()
							body := strings.ReplaceAll(body, "%d", fmt.Sprint(i%20))
							r, err := client.Post(url+"/v1/"+c.path, "application/json", strings.NewReader(body))
							if err != nil {
								b.Error(err)
								continue
							}
							if status, answer := read(b, r); status != 200 {
								b.Error(status, answer)
							}
							mu.Lock()
							took = append(took, time.Since(begun))
							mu.Unlock()
						}
					})
				}
				begun := time.Now()
				for i := range b.N {
					work <- i
				}
				close(work)
				wg.Wait()
				slices.Sort(took)
				b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "requests/s")
				b.ReportMetric(took[len(took)/2].Seconds()*1e3, "ms-median")
				b.ReportMetric(took[len(took)*95/100].Seconds()*1e3, "ms-p95")
			})
		}
	}
}

// adapt gives a server adapters of rank 8 beside q and v, which are called 0, 1, 2 and so on.
func adapt(b *testing.B, s *Server, on *t5.T5, n int) {
	for i := range n {
		m := served{Server: s, profile: s.profile, called: fmt.Sprint(i), number: i + 1}
		for _, p := range on.Params {
			path := strings.TrimSuffix(p.Name, ".weight")
			if strings.HasSuffix(path, "Attention.q") || strings.HasSuffix(path, "Attention.v") {
				if _, err := on.Adapt(path, 8, 2, 0, uint64(i)); err != nil {
					b.Fatal(err)
				}
			}
		}
		m.adapter = on.Detach()
		s.adapted = append(s.adapted, m)
	}
}
