package ui

// Phases shows the progress of one piece of work after the other.
type Phases struct {
	sink  Sink
	what  string
	shown Progress
}

// NewPhases returns the progress of work that has not begun.
func NewPhases(s Sink) *Phases { return &Phases{sink: s} }

// Progress says how much of a piece of work is done. Another piece ends the one before.
func (p *Phases) Progress(what, unit string, done, total int64) {
	if what != p.what {
		p.Stop()
		p.what, p.shown = what, Start(p.sink, what, unit, total)
	}
	p.shown.Set(done)
}

// Stop ends the current work, if any.
func (p *Phases) Stop() {
	if p.shown != nil {
		p.shown.Stop()
	}
}
