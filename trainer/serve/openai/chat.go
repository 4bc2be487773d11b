package openai

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"t5train/trainer/serve/protocol"
	"t5train/trainer/serve/request"
)

// chatRequest is what /v1/chat/completions reads.
type chatRequest struct {
	options
	Messages            []message `json:"messages" about:"the last one of the user is the input of the model"`
	MaxCompletionTokens *int      `json:"max_completion_tokens,omitempty" about:"the newer name of max_tokens"`

	// What is refused unless it changes nothing.
	LogProbs       bool            `json:"logprobs,omitempty" about:"false only"`
	Tools          json.RawMessage `json:"tools,omitempty" about:"an empty list, or with tool_choice none"`
	ToolChoice     json.RawMessage `json:"tool_choice,omitempty"`
	ResponseFormat *responseFormat `json:"response_format,omitempty" about:"text only"`
}

type responseFormat struct {
	Type string `json:"type"`
}

type message struct {
	Role    string  `json:"role"`
	Content content `json:"content,omitempty"`
}

// content is a text, or a list of parts that are texts.
type content string

// ReadField implements request.Reader.
func (c *content) ReadField(o *request.Object, name string, most int) {
	var text string
	switch raw := o.Value(name); {
	case raw == nil:
	case request.IsText(raw, &text):
		*c = content(text)
	case raw[0] == '[':
		var texts []string
		o.Each(name, most, func(i int, element json.RawMessage) {
			part := struct {
				Type string  `json:"type"`
				Text *string `json:"text"`
			}{}
			if json.Unmarshal(element, &part) != nil || part.Type != "text" || part.Text == nil {
				o.Wrong(fmt.Sprintf("%s[%d]", name, i), element,
					`a part {"type": "text", "text": ...}: the model reads texts only`)
				return
			}
			texts = append(texts, *part.Text)
		})
		*c = content(strings.Join(texts, "\n"))
	default:
		o.Wrong(name, raw, "a text in quotes, or a list of parts")
	}
}

// JSONSchema describes it.
func (content) JSONSchema() map[string]any {
	text := map[string]any{"type": "string"}
	part := map[string]any{"type": "object", "required": []string{"type", "text"},
		"properties": map[string]any{"type": map[string]any{"const": "text"}, "text": text}}
	return map[string]any{"oneOf": []any{text, map[string]any{"type": "array", "items": part},
		map[string]any{"type": "null"}}}
}

// chatCompletion is the answer.
type chatCompletion struct {
	ID      string       `json:"id"`
	Object  string       `json:"object"`
	Created int64        `json:"created"`
	Model   string       `json:"model"`
	Choices []chatChoice `json:"choices"`
	Usage   *usage       `json:"usage"`
}

type chatChoice struct {
	Index        int     `json:"index"`
	Message      reply   `json:"message"`
	LogProbs     *string `json:"logprobs"`
	FinishReason *string `json:"finish_reason" about:"stop or length"`
}

type reply struct {
	Role    string  `json:"role"`
	Content string  `json:"content"`
	Refusal *string `json:"refusal"`
}

// chatChunk is an event of a stream.
type chatChunk struct {
	ID      string        `json:"id"`
	Object  string        `json:"object"`
	Created int64         `json:"created"`
	Model   string        `json:"model"`
	Choices []chunkChoice `json:"choices"`
	Usage   *usage        `json:"usage,omitempty"`
}

type chunkChoice struct {
	Index        int       `json:"index"`
	Delta        chatDelta `json:"delta"`
	LogProbs     *string   `json:"logprobs"`
	FinishReason *string   `json:"finish_reason" about:"null while more comes"`
}

type chatDelta struct {
	Role    string `json:"role,omitempty" about:"of the first event of a choice"`
	Content string `json:"content"`
}

func now() int64 { return time.Now().Unix() }

func chat(e protocol.Engine, fields *request.Object) (protocol.Reply, error) {
	var asked chatRequest
	fields.Read(&asked, math.MaxInt) // messages are no inputs, and the limit of bodies bounds them
	e, wrong := choose(e, &asked.Model)
	longest := "max_tokens"
	if asked.MaxCompletionTokens != nil {
		longest = "max_completion_tokens"
	}
	g := asked.generation(e, fields, longest)
	if asked.LogProbs {
		fields.RefuseUnknown("logprobs", "ask /generate for details")
	}
	if asked.Tools != nil && string(asked.Tools) != "[]" && string(asked.ToolChoice) != `"none"` {
		fields.RefuseUnknown("tools", `say "tool_choice": "none"`)
	}
	if f := asked.ResponseFormat; f != nil && f.Type != "text" {
		fields.RefuseUnknown("response_format", "say text")
	}
	g.Name = "messages"
	for _, m := range asked.Messages {
		if m.Role == "user" {
			g.Inputs = []string{string(m.Content)}
		}
	}
	if asked.Messages != nil && g.Inputs == nil {
		fields.Refuse("messages", "has none of the role user, whose last one is the input of the model")
	}
	if err := fields.Finish(); err != nil {
		return protocol.Reply{}, err
	}
	if wrong != nil {
		return protocol.Reply{}, wrong
	}
	if asked.Stream {
		c := chatChunk{ID: newID("chatcmpl"), Object: "chat.completion.chunk", Created: now(), Model: asked.Model}
		return stream(e, g, &asked.options, func(d delta) any {
			chunk := c
			chunk.Choices, chunk.Usage = []chunkChoice{}, d.usage
			if d.usage == nil {
				one := chunkChoice{Index: d.index, FinishReason: d.reason}
				if one.Delta.Content = d.text; d.first {
					one.Delta.Role = "assistant"
				}
				chunk.Choices = append(chunk.Choices, one)
			}
			return chunk
		}), nil
	}
	answers, err := e.Generate(g)
	if err != nil {
		return protocol.Reply{}, err
	}
	c := chatCompletion{ID: newID("chatcmpl"), Object: "chat.completion", Created: now(), Model: asked.Model,
		Usage: usageOf(answers)}
	for i, s := range answers[0].Sequences {
		c.Choices = append(c.Choices, chatChoice{Index: i, Message: reply{Role: "assistant", Content: s.Text},
			FinishReason: reason(s.End)})
	}
	return protocol.Reply{Body: c}, nil
}
