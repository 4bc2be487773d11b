package testdir

import "t5train/internal/ui"

// Sink is a ui.Sink that hands on what it gets; either function may be nil.
type Sink struct {
	Said func(line string) // gets messages, as a console writes them
	Did  func(work string) // is called for each report of progress
}

// Message implements ui.Sink.
func (s Sink) Message(m ui.Message) {
	line := m.Text
	if m.Key != "" {
		line = m.Key + ": " + line
	}
	if m.Detail {
		line = "  " + line
	}
	if s.Said != nil {
		s.Said(line)
	}
}

// Start implements ui.Sink.
func (s Sink) Start(w ui.Work) ui.Progress { return progress{s.Did, w.Name} }

type progress struct {
	did  func(string)
	work string
}

func (p progress) Set(int64) {
	if p.did != nil {
		p.did(p.work)
	}
}
func (progress) Report(any) {}
func (progress) Stop()      {}
