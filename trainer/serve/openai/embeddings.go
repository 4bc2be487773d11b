package openai

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"

	"t5train/trainer/serve/protocol"
	"t5train/trainer/serve/request"
)

// embeddingRequest is what /v1/embeddings reads.
type embeddingRequest struct {
	Model          string        `json:"model"`
	Input          request.Texts `json:"input" about:"a text or a list of texts"`
	EncodingFormat string        `json:"encoding_format,omitempty" about:"float, or base64 of little-endian float32"`
	Dimensions     *int          `json:"dimensions,omitempty" about:"those of the model only"`
}

// embeddings is the answer.
type embeddings struct {
	Object string         `json:"object"`
	Data   []embedding    `json:"data"`
	Model  string         `json:"model"`
	Usage  embeddingUsage `json:"usage"`
}

type embedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding vector `json:"embedding"`
}

type embeddingUsage struct {
	Prompt int `json:"prompt_tokens"`
	Total  int `json:"total_tokens"`
}

// vector is a list of numbers, or their bytes in base64.
type vector struct {
	values []float32
	base64 bool
}

// MarshalJSON implements json.Marshaler.
func (v vector) MarshalJSON() ([]byte, error) {
	if !v.base64 {
		return json.Marshal(v.values)
	}
	raw := make([]byte, 0, 4*len(v.values))
	for _, x := range v.values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(raw))
}

// JSONSchema describes it.
func (vector) JSONSchema() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"type": "array", "items": map[string]any{"type": "number"}},
		map[string]any{"type": "string", "contentEncoding": "base64"},
	}}
}

func embed(e protocol.Engine, fields *request.Object) (protocol.Reply, error) {
	var asked embeddingRequest
	fields.Read(&asked, e.Model().MaxInputs)
	e, wrong := choose(e, &asked.Model)
	encoded := asked.EncodingFormat == "base64"
	if asked.EncodingFormat != "" && asked.EncodingFormat != "float" && !encoded {
		fields.Refuse("encoding_format", `is %.80q, want "float" or "base64"`, asked.EncodingFormat)
	}
	if err := fields.Finish(); err != nil {
		return protocol.Reply{}, err
	}
	if wrong != nil {
		return protocol.Reply{}, wrong
	}
	if width := e.Model().Dimensions; asked.Dimensions != nil && *asked.Dimensions != width {
		return protocol.Reply{}, request.Invalid("dimensions is %d, but the vectors of the model have %d: leave it out",
			*asked.Dimensions, width).Of("dimensions")
	}
	vectors, err := e.Embed(protocol.Generation{Name: "input", Inputs: asked.Input.List})
	if err != nil {
		return protocol.Reply{}, err
	}
	answer := embeddings{Object: "list", Model: asked.Model}
	for i, v := range vectors {
		answer.Data = append(answer.Data, embedding{"embedding", i, vector{v.Values, encoded}})
		answer.Usage.Prompt += v.Tokens
	}
	answer.Usage.Total = answer.Usage.Prompt
	return protocol.Reply{Body: answer}, nil
}

// modelList is the answer of /v1/models.
type modelList struct {
	Object string      `json:"object"`
	Data   []modelInfo `json:"data"`
}

type modelInfo struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created" about:"when the server was started"`
	OwnedBy string `json:"owned_by"`
}

func infoOf(e protocol.Engine) modelInfo {
	m := e.Model()
	return modelInfo{ID: m.Name, Object: "model", Created: m.Started.Unix(), OwnedBy: "t5train"}
}

func models(e protocol.Engine, _ *request.Object) (protocol.Reply, error) {
	list := modelList{Object: "list"}
	for _, name := range e.Names() {
		list.Data = append(list.Data, infoOf(e.Named(name)))
	}
	return protocol.Reply{Body: list}, nil
}

func oneModel(e protocol.Engine, fields *request.Object) (protocol.Reply, error) {
	name := fields.Text("model")
	e, err := choose(e, &name)
	return protocol.Reply{Body: infoOf(e)}, err
}
