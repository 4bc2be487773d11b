// Package tgi answers in the shapes of Hugging Face's text-generation-inference, which InferenceClient of
// huggingface_hub and others speak: a text for an input, with its tokens where a client wants them, at once or as a
// stream. InferenceClient asks for translations and summaries in the same way, and for vectors in that of
// text-embeddings-inference.
//
// What a request does not say is as the checkpoint has it. A temperature other than 1, top_k, top_p and typical_p mean
// sampling, as they do there. Fields that a server need not know are ignored. Those that would change the answer, and
// that the server cannot heed, are refused.
package tgi

import (
	"encoding/json"
	"net/http"

	"t5train/trainer/serve/protocol"
	"t5train/trainer/serve/request"
)

// Endpoints lists what the package answers.
func Endpoints() []protocol.Endpoint {
	all := []protocol.Endpoint{
		{Method: "POST", Path: "/generate", About: "the text that the model writes for an input", Serve: generate,
			Request: generateRequest{}, Answer: generated{}},
		{Method: "POST", Path: "/generate_stream", About: "the same, token by token", Serve: stream,
			Request: generateRequest{}, Event: event{}},
		{Method: "POST", Path: "/", Serve: root,
			About:   "the same as either of them, as InferenceClient asks for it; translations and summaries too",
			Request: rootRequest{}, Answer: []piped{}, Event: event{}},
		{Method: "POST", Path: "/embed", About: "the vectors of texts, for InferenceClient", Serve: embed,
			Request: embedRequest{}, Answer: [][]float32{}},
		{Method: "GET", Path: "/info", About: "what is served, and its limits, for InferenceClient", Serve: info,
			Answer: description{}},
	}
	return protocol.Foreign(all, explain, failure{})
}

// failure is an error in the shape of text-generation-inference.
type failure struct {
	Error string `json:"error"`
	Type  string `json:"error_type" about:"validation, overloaded, generation or incomplete_generation"`
}

func explain(p *request.Problem) (status int, body any) {
	kind := "validation"
	switch {
	case p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable:
		kind = "overloaded"
	case p.Status == http.StatusGatewayTimeout:
		kind = "incomplete_generation"
	case p.Status >= http.StatusInternalServerError:
		kind = "generation"
	}
	return p.Status, failure{p.Message, kind}
}

// generateRequest is what /generate and /generate_stream read.
type generateRequest struct {
	Inputs     string     `json:"inputs" about:"the input of the model"`
	Parameters parameters `json:"parameters,omitempty"`
}

// parameters say how to generate. The engine reads those that are options of /v1/generate too.
type parameters struct {
	BestOf            *int         `json:"best_of,omitempty" about:"samples, of which the best one is the answer (1)"`
	Details           bool         `json:"details,omitempty" about:"tell tokens, and why the text ended"`
	DoSample          *bool        `json:"do_sample,omitempty"`
	MaxNewTokens      *int         `json:"max_new_tokens,omitempty" about:"of the output (the checkpoint's limit)"`
	RepetitionPenalty *float64     `json:"repetition_penalty,omitempty" about:"1 is none"`
	Seed              *int         `json:"seed,omitempty" about:"of sampling"`
	Stop              request.Stop `json:"stop,omitempty" about:"texts that end an output, and stand at its end"`
	Temperature       *float64     `json:"temperature,omitempty" about:"of sampling, above 0"`
	TopK              *int         `json:"top_k,omitempty" about:"of sampling"`
	TopP              *float64     `json:"top_p,omitempty" range:"0 to 1" about:"of sampling"`
	TypicalP          *float64     `json:"typical_p,omitempty" range:"0 to 1" about:"of sampling"`
	AdapterID         string       `json:"adapter_id,omitempty" about:"name of an adapter that is served (none)"`
	Truncate          *int         `json:"truncate,omitempty" about:"cut a longer input; at least max_input_tokens"`

	// Of pipelines of transformers, whose other ones change nothing.
	SourceLanguage string `json:"src_lang,omitempty" about:"that of the model only"`
	TargetLanguage string `json:"tgt_lang,omitempty" about:"that of the model only"`
	Truncation     string `json:"truncation,omitempty" about:"cut a longer input, unless it is do_not_truncate"`

	// What is refused unless it changes nothing.
	DecoderDetails  bool            `json:"decoder_input_details,omitempty" about:"false only"`
	FrequencyLoss   float64         `json:"frequency_penalty,omitempty" range:"-2 to 2" about:"0 only"`
	Grammar         json.RawMessage `json:"grammar,omitempty" about:"null only"`
	ReturnFullText  bool            `json:"return_full_text,omitempty" about:"false only"`
	TopTokens       int             `json:"top_n_tokens,omitempty" about:"0 only"`
	WatermarkOutput bool            `json:"watermark,omitempty" about:"false only"`
}

// refuse says which parameters would change the answer, and cannot be heeded.
func (p *parameters) refuse(fields *request.Object) {
	for _, f := range []struct {
		asked        bool
		name, remedy string
	}{
		{p.DecoderDetails, "decoder_input_details", "ask /v1/score for the probabilities of texts"},
		{p.FrequencyLoss != 0, "frequency_penalty", "try repetition_penalty"},
		{p.Grammar != nil, "grammar", "list the possible outputs in choices"},
		{p.ReturnFullText, "return_full_text", "put the input in front yourself"},
		{p.TopTokens != 0, "top_n_tokens", "set it to 0"},
		{p.WatermarkOutput, "watermark", "set it to false"},
	} {
		if f.asked {
			fields.RefuseUnknown(f.name, f.remedy)
		}
	}
}

// samples reports whether the parameters ask for sampling, and how where they do not.
func (p *parameters) samples(m protocol.Model, own *request.Object) bool {
	not1 := func(x *float64) bool { return x != nil && *x != 1 }
	switch {
	case p.DoSample != nil && *p.DoSample, not1(p.Temperature), not1(p.TopP), not1(p.TypicalP),
		p.TopK != nil && *p.TopK > 0:
		return true
	case p.DoSample != nil:
		return false
	}
	return m.Samples && !own.Has("num_beams")
}

// read reads a request into what the engine is asked for. into is the struct of the request, and has asked in it.
func read(e protocol.Engine, fields *request.Object, into any, asked *generateRequest) (protocol.Engine,
	protocol.Generation, error) {
	fields.Read(into, e.Model().MaxInputs)
	if id := asked.Parameters.AdapterID; id != "" {
		if named := e.Named(id); named != nil {
			e = named
		} else {
			fields.Refuse("adapter_id", "is %.80q, want one of %s, or null", id, request.List(e.Names()))
		}
	}
	p, own := &asked.Parameters, fields.Inner("parameters")
	p.refuse(fields)
	p.pipeline(e.Model(), fields)
	names := map[string]string{"max_new_tokens": "max_new_tokens", "num_return_sequences": "best_of",
		"temperature": "temperature", "top_p": "top_p", "seed": "seed"}
	for _, name := range protocol.Passed() {
		names[name] = name
	}
	options := own.Renamed(names)
	if p.BestOf == nil {
		options.Set("num_return_sequences", "1") // whatever the checkpoint has: an answer has one text
	}
	m := e.Model()
	if p.samples(m, own) {
		options.Set("do_sample", "true")
	} else {
		p.Seed = nil // of which no answer depends
		options.Unset("temperature", "top_k", "top_p", "typical_p", "seed")
		if p.DoSample != nil {
			options.Set("do_sample", "false")
		}
		if p.BestOf != nil && *p.BestOf > 1 && !own.Has("num_beams") && m.Beams < *p.BestOf {
			fields.Refuse("best_of", `is %d, but there is one most probable text: add "do_sample": true`, *p.BestOf)
		}
	}
	if p.Truncate != nil && *p.Truncate < m.MaxInput {
		fields.Refuse("truncate", "is %d, want at least %d, the limit of the model: the server cuts there only",
			*p.Truncate, m.MaxInput)
	}
	return e, protocol.Generation{Name: "inputs", Inputs: []string{asked.Inputs}, Options: options, Stop: p.Stop.List,
		KeepStop: true,
		Truncate: p.Truncate != nil || p.Truncation != "" && p.Truncation != "do_not_truncate"}, fields.Finish()
}

// description is the answer of /info.
type description struct {
	ModelID       string  `json:"model_id"`
	ModelSHA      *string `json:"model_sha"`
	DType         string  `json:"model_dtype"`
	DeviceType    string  `json:"model_device_type"`
	PipelineTag   string  `json:"model_pipeline_tag"`
	MaxConcurrent int     `json:"max_concurrent_requests" about:"inputs that may wait"`
	MaxBestOf     int     `json:"max_best_of"`
	MaxStop       int     `json:"max_stop_sequences"`
	MaxInput      int     `json:"max_input_tokens"`
	MaxInputOld   int     `json:"max_input_length" about:"the older name of max_input_tokens"`
	MaxTotal      int     `json:"max_total_tokens" about:"of input and output together"`
	Validation    int     `json:"validation_workers"`
	MaxBatch      int     `json:"max_client_batch_size" about:"inputs of a request"`
	Router        string  `json:"router"`
	Version       string  `json:"version"`
	SHA           *string `json:"sha"`
	DockerLabel   *string `json:"docker_label"`
}

func info(e protocol.Engine, _ *request.Object) (protocol.Reply, error) {
	m := e.Model()
	return protocol.Reply{Body: description{
		ModelID: m.Name, DType: m.DType, DeviceType: "cpu", PipelineTag: "text2text-generation",
		MaxConcurrent: m.Queue, MaxBestOf: m.MaxSequences, MaxStop: request.MaxStop, MaxInput: m.MaxInput,
		MaxInputOld: m.MaxInput, MaxTotal: m.MaxInput + m.MaxOutput, Validation: 1, MaxBatch: 1, Router: "t5train",
		Version: m.Version,
	}}, nil
}
