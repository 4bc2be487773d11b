package ui

import "fmt"

// Sink receives what a library finds and how far it is. A program shows it, writes it or drops it; a nil one, which the
// functions of this package take too, is silent. It is safe for concurrent use.
type Sink interface {
	Message(Message)
	Start(Work) Progress
}

// Message is a finding for the user, or what a command does now.
type Message struct {
	Key    string // what it is about, such as model, data or warning; "" where the text says it
	Text   string // the value, with the reason and the remedy where there is one
	Detail bool   // it belongs to the message before it
	Kind   string // of the [Note] that it is, for programs

	Metrics any // the numbers that the text shows, as JSON has them
}

// Warning is the key of messages that say what may be wrong. They are shown to those who want no other message.
const Warning = "warning"

// Work is something that takes a while.
type Work struct {
	Name, Unit string
	Total      int64 // of units; below 0 it is not known
	Reports    bool  // it reports metrics now and then, which say more than the count of units
}

// Progress is work that has begun.
type Progress interface {
	// Set says how many units are done.
	Set(done int64)
	// Report gives the metrics of the work so far, as JSON has them.
	Report(metrics any)
	// Stop ends the work. A second call does nothing.
	Stop()
}

// Say sends a message.
func Say(s Sink, key, format string, args ...any) {
	send(s, Message{Key: key, Text: fmt.Sprintf(format, args...)})
}

// Detail sends a message that belongs to the one before it.
func Detail(s Sink, key, format string, args ...any) {
	send(s, Message{Key: key, Text: fmt.Sprintf(format, args...), Detail: true})
}

// Metrics sends numbers, as JSON has them, and the text that shows them.
func Metrics(s Sink, metrics any, format string, args ...any) {
	send(s, Message{Text: fmt.Sprintf(format, args...), Metrics: metrics})
}

func send(s Sink, m Message) {
	if s != nil {
		s.Message(m)
	}
}

// Start begins work with a total of units, which below 0 is not known.
func Start(s Sink, name, unit string, total int64) Progress {
	return StartWork(s, Work{Name: name, Unit: unit, Total: total})
}

// StartWork begins work.
func StartWork(s Sink, w Work) Progress {
	if s == nil {
		return silence{}
	}
	return s.Start(w)
}

// silence is the progress of work that nobody watches.
type silence struct{}

func (silence) Set(int64)  {}
func (silence) Report(any) {}
func (silence) Stop()      {}
