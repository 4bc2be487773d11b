package ui

// Phases shows the progress of one piece of work after the other.
type Phases struct {
	console *Console
	what    string
	shown   *Progress
}

// NewPhases returns the progress of work that has not begun.
func NewPhases(c *Console) *Phases { return &Phases{console: c} }

// Progress says how much of a piece of work is done. Another piece ends the one before.
func (p *Phases) Progress(what, unit string, done, total int64) {
	if what != p.what {
		p.Stop()
		p.what, p.shown = what, p.console.Start(what, unit, total)
	}
	p.shown.Set(done)
}

// Stop ends the piece of work that goes on, if any.
func (p *Phases) Stop() {
	if p.shown != nil {
		p.shown.Stop()
	}
}
