package terminal

import "t5train/internal/ui"

// Quiet returns a sink that passes warnings on and drops all else: notes, metrics and progress.
func Quiet(to ui.Sink) ui.Sink { return quiet{to} }

type quiet struct{ to ui.Sink }

// Message passes a warning on.
func (q quiet) Message(m ui.Message) {
	if m.Key == ui.Warning {
		m.Detail = false // what it belonged to is not there
		q.to.Message(m)
	}
}

// Start begins work that nobody watches.
func (q quiet) Start(w ui.Work) ui.Progress { return ui.StartWork(nil, w) }
