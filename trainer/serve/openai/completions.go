package openai

import (
	"encoding/json"

	"t5train/trainer/serve/protocol"
	"t5train/trainer/serve/request"
)

// completionRequest is what /v1/completions reads.
type completionRequest struct {
	options
	Prompt request.Texts `json:"prompt" about:"a text or a list of texts: the inputs of the model"`

	// What is refused unless it changes nothing.
	BestOf   *int            `json:"best_of,omitempty" about:"n only"`
	Echo     bool            `json:"echo,omitempty" about:"false only"`
	LogProbs json.RawMessage `json:"logprobs,omitempty" about:"null only"`
	Suffix   string          `json:"suffix,omitempty" about:"empty only"`
}

// completion is the answer, and an event of a stream.
type completion struct {
	ID      string   `json:"id"`
	Object  string   `json:"object"`
	Created int64    `json:"created"`
	Model   string   `json:"model"`
	Choices []choice `json:"choices"`
	Usage   *usage   `json:"usage,omitempty"`
}

type choice struct {
	Index        int     `json:"index" about:"those of the first prompt come first"`
	Text         string  `json:"text"`
	LogProbs     *string `json:"logprobs"`
	FinishReason *string `json:"finish_reason" about:"stop or length; null while more comes"`
}

func complete(e protocol.Engine, fields *request.Object) (protocol.Reply, error) {
	var asked completionRequest
	fields.Read(&asked, e.Model().MaxInputs)
	e, wrong := choose(e, &asked.Model)
	g := asked.generation(e, fields, "max_tokens")
	if asked.BestOf != nil && *asked.BestOf != asked.choices() {
		fields.RefuseUnknown("best_of", "set n")
	}
	if asked.Echo {
		fields.RefuseUnknown("echo", "put the prompt in front yourself")
	}
	if asked.LogProbs != nil {
		fields.RefuseUnknown("logprobs", "ask /generate for details")
	}
	if asked.Suffix != "" {
		fields.RefuseUnknown("suffix", "put it into the prompt")
	}
	if err := fields.Finish(); err != nil {
		return protocol.Reply{}, err
	}
	if wrong != nil {
		return protocol.Reply{}, wrong
	}
	g.Name, g.Inputs = "prompt", asked.Prompt.List
	c := completion{ID: newID("cmpl"), Object: "text_completion", Created: now(), Model: asked.Model}
	if asked.Stream {
		return stream(e, g, &asked.options, func(d delta) any {
			chunk := c
			chunk.Choices, chunk.Usage = []choice{}, d.usage
			if d.usage == nil {
				chunk.Choices = append(chunk.Choices, choice{Index: d.index, Text: d.text, FinishReason: d.reason})
			}
			return chunk
		}), nil
	}
	answers, err := e.Generate(g)
	if err != nil {
		return protocol.Reply{}, err
	}
	for _, a := range answers {
		for _, s := range a.Sequences {
			c.Choices = append(c.Choices, choice{Index: len(c.Choices), Text: s.Text, FinishReason: reason(s.End)})
		}
	}
	c.Usage = usageOf(answers)
	return protocol.Reply{Body: c}, nil
}

// delta is what an event tells: some text of a choice, or at the end the usage.
type delta struct {
	index  int
	first  bool // of its choice
	text   string
	reason *string
	usage  *usage
}

// stream answers with events, as write makes them.
func stream(e protocol.Engine, g protocol.Generation, o *options, write func(delta) any) protocol.Reply {
	return protocol.Reply{Done: "[DONE]", Events: func(yield func(any, error) bool) {
		var total usage
		begun := make(map[int]bool)   // choices
		prompts := make(map[int]bool) // that are counted
		for d, err := range e.Stream(g) {
			if err != nil {
				yield(nil, err)
				return
			}
			event := delta{index: d.Input*o.choices() + d.Number, text: d.Text}
			if !prompts[d.Input] {
				prompts[d.Input] = true
				total.add(d.InputTokens, 0)
			}
			if d.Sequence != nil {
				event.reason = reason(d.Sequence.End)
				total.add(0, d.Sequence.Count)
			}
			if event.text == "" && event.reason == nil {
				continue // half a character
			}
			event.first = !begun[event.index]
			begun[event.index] = true
			if !yield(write(event), nil) {
				return
			}
		}
		if o.StreamOptions != nil && o.StreamOptions.IncludeUsage {
			yield(write(delta{usage: &total}), nil)
		}
	}}
}
