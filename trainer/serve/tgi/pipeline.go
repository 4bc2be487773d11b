package tgi

import (
	"encoding/json"

	"t5train/trainer/serve/protocol"
	"t5train/trainer/serve/request"
)

// rootRequest is what / reads.
type rootRequest struct {
	generateRequest
	Stream bool `json:"stream,omitempty" about:"server-sent events"`
}

// piped is the answer of /, with the text under the name that the task has among the pipelines of transformers too.
type piped struct {
	generated
	Translation *string `json:"translation_text,omitempty" about:"the same, of a model that translates"`
	Summary     *string `json:"summary_text,omitempty" about:"the same, of any other model"`
}

// root answers text_generation, translation and summarization of InferenceClient, which send the same.
func root(e protocol.Engine, fields *request.Object) (protocol.Reply, error) {
	unpack(fields)
	var asked rootRequest
	e, g, err := read(e, fields, &asked, &asked.generateRequest)
	if err != nil {
		return protocol.Reply{}, err
	}
	if asked.Stream {
		return events(e, g, &asked.Parameters)
	}
	one, err := answer(e, g, &asked.Parameters)
	if err != nil {
		return protocol.Reply{}, err
	}
	p := piped{generated: one}
	if _, _, ok := e.Model().Task.Languages(); ok {
		p.Translation = &one.Text
	} else {
		p.Summary = &one.Text
	}
	return protocol.Reply{Body: []piped{p}}, nil
}

// unpack puts generate_parameters, where a pipeline has its options of generation, among the parameters.
func unpack(fields *request.Object) {
	parameters := fields.Inner("parameters")
	for name, raw := range parameters.Inner("generate_parameters").Fields() {
		parameters.Set(name, string(raw))
	}
	if !parameters.Has("generate_parameters") {
		return
	}
	parameters.Unset("generate_parameters")
	if raw, err := json.Marshal(parameters.Fields()); err == nil {
		fields.Set("parameters", string(raw))
	}
}

// pipeline reads what pipelines of transformers have.
func (p *parameters) pipeline(m protocol.Model, fields *request.Object) {
	from, to, ok := m.Task.Languages()
	for _, l := range []struct{ name, asked, own string }{
		{"src_lang", p.SourceLanguage, from}, {"tgt_lang", p.TargetLanguage, to},
	} {
		switch {
		case l.asked == "":
		case !ok:
			fields.Refuse(l.name, "is %.20q, but the model does not translate: leave it out, or start the server "+
				"with a task that does (task.name)", l.asked)
		case l.asked != l.own:
			fields.Refuse(l.name, "is %.20q, but the model translates from %q to %q: say %q, or leave it out", l.asked,
				from, to, l.own)
		}
	}
}

// embedRequest is what /embed reads: that of text-embeddings-inference.
type embedRequest struct {
	Inputs     request.Texts   `json:"inputs" about:"a text or a list of texts"`
	Normalize  bool            `json:"normalize,omitempty" about:"vectors of length 1 (as the model has them)"`
	Truncate   bool            `json:"truncate,omitempty" about:"inputs that are too long lose their end"`
	Direction  string          `json:"truncation_direction,omitempty" about:"right only"`
	Dimensions *int            `json:"dimensions,omitempty" about:"those of the model only"`
	Prompt     json.RawMessage `json:"prompt_name,omitempty" about:"null only"`
}

func embed(e protocol.Engine, fields *request.Object) (protocol.Reply, error) {
	m := e.Model()
	var asked embedRequest
	fields.Read(&asked, m.MaxInputs)
	if asked.Direction != "" && asked.Direction != "right" && asked.Direction != "Right" {
		fields.RefuseUnknown("truncation_direction", "say right")
	}
	if asked.Prompt != nil {
		fields.RefuseUnknown("prompt_name", "put the prompt in front of the inputs")
	}
	if asked.Dimensions != nil && *asked.Dimensions != m.Dimensions {
		fields.Refuse("dimensions", "is %d, but the vectors of the model have %d: leave it out", *asked.Dimensions,
			m.Dimensions)
	}
	if err := fields.Finish(); err != nil {
		return protocol.Reply{}, err
	}
	vectors, err := e.Embed(protocol.Generation{Name: "inputs", Inputs: asked.Inputs.List, Truncate: asked.Truncate,
		Normalize: asked.Normalize})
	if err != nil {
		return protocol.Reply{}, err
	}
	rows := make([][]float32, len(vectors))
	for i, v := range vectors {
		rows[i] = v.Values
	}
	return protocol.Reply{Body: rows}, nil
}
