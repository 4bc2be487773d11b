// Package openapi describes endpoints as OpenAPI 3.1 wants it, from the Go types that their handlers read and write:
//
//	text, err := openapi.Document("t5train serve", "1.0", false, serve.Endpoints())
package openapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"t5train/trainer/serve/protocol"
	"t5train/trainer/serve/request"
)

// Schemer is a type with a schema of its own.
type Schemer interface{ JSONSchema() map[string]any }

// Extended is a struct that is read with more fields than it has.
type Extended interface{ Properties() map[string]any }

// object is a JSON object of the description.
type object = map[string]any

// Document describes a server. keys says that it wants one of a client.
func Document(title, version string, keys bool, endpoints []protocol.Endpoint) ([]byte, error) {
	d := &document{schemas: object{}}
	paths := object{}
	for _, e := range endpoints {
		path, ok := paths[e.Path].(object)
		if !ok {
			path = object{}
			paths[e.Path] = path
		}
		path[strings.ToLower(e.Method)] = d.operation(e, keys)
	}
	components := object{"schemas": d.schemas}
	if keys {
		components["securitySchemes"] = object{"key": object{"type": "http", "scheme": "bearer"}}
	}
	return json.MarshalIndent(object{
		"openapi": "3.1.0", "info": object{"title": title, "version": version}, "paths": paths,
		"components": components,
	}, "", " ")
}

// document gathers the schemas of types, by their names.
type document struct {
	schemas object
	kind    kind // of what is described at the moment
}

// kind says what fields a JSON object may have besides those of its type.
type kind int

const (
	answer  kind = iota // later versions may have more
	strict              // a request with no others
	lenient             // a request with others that are ignored; null is the absence of one
)

func (d *document) operation(e protocol.Endpoint, keys bool) object {
	operation := object{"summary": e.About, "operationId": operationID(e)}
	if keys && !e.Open {
		operation["security"] = []object{{"key": []string{}}}
	}
	if _, name, ok := strings.Cut(e.Path, "{"); ok {
		operation["parameters"] = []object{{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true,
			"schema": object{"type": "string"}}}
	}
	if e.Request != nil {
		if d.kind = strict; e.Lenient {
			d.kind = lenient
		}
		schema := object{"schema": d.of(reflect.TypeOf(e.Request))}
		d.kind = answer
		content := object{"application/json": schema}
		if e.Forms {
			content["application/x-www-form-urlencoded"] = schema
		}
		operation["requestBody"] = object{"required": true, "content": content}
	}
	content := object{}
	switch e.Answer.(type) {
	case nil: // events only
	case string:
		content["text/plain"] = object{"schema": object{"type": "string"}}
	default:
		content["application/json"] = object{"schema": d.of(reflect.TypeOf(e.Answer))}
	}
	if e.Event != nil {
		content["text/event-stream"] = object{"schema": object{"type": "string",
			"description": "events whose data is " + nameOf(reflect.TypeOf(e.Event)) + " in JSON"}}
		d.of(reflect.TypeOf(e.Event))
	}
	operation["responses"] = object{
		strconv.Itoa(http.StatusOK): object{"description": "the answer", "content": content},
		"default": object{"description": "what is wrong", "content": object{
			"application/json": object{"schema": d.of(reflect.TypeOf(e.ErrorBody))}}},
	}
	return operation
}

// operationID names an operation by its method and path: postV1ChatCompletions.
func operationID(e protocol.Endpoint) string {
	id := strings.ToLower(e.Method)
	for _, part := range strings.FieldsFunc(e.Path, func(r rune) bool { return strings.ContainsRune("/{}_.", r) }) {
		id += strings.ToUpper(part[:1]) + part[1:]
	}
	return id
}

// nameOf is the name of the schema of a struct: that of its type, after its package where that is a protocol.
func nameOf(t reflect.Type) string {
	of := t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]
	return of + "." + t.Name()
}

var rawJSON = reflect.TypeFor[json.RawMessage]()

// of returns the schema of a type, or what refers to it.
func (d *document) of(t reflect.Type) object {
	if s, ok := reflect.Zero(t).Interface().(Schemer); ok && t.Kind() != reflect.Pointer {
		return s.JSONSchema()
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint64:
		return object{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Pointer:
		return d.of(t.Elem())
	case reflect.Slice:
		if t == rawJSON {
			return object{}
		}
		return object{"type": "array", "items": d.of(t.Elem())}
	case reflect.Struct:
		if t.Name() == "" {
			return d.structOf(t)
		}
		name := nameOf(t)
		if d.schemas[name] == nil {
			d.schemas[name] = object{} // of a type that holds itself
			d.schemas[name] = d.structOf(t)
		}
		return object{"$ref": "#/components/schemas/" + name}
	}
	panic("openapi: no schema for " + t.String())
}

func (d *document) structOf(t reflect.Type) object {
	properties, required := object{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		schema := maps.Clone(d.of(f.Type))
		optional := options == "omitempty" || options == "omitzero"
		if d.kind == lenient && optional || f.Type.Kind() == reflect.Pointer && !optional {
			schema = object{"anyOf": []any{schema, object{"type": "null"}}}
		}
		if about := f.Tag.Get("about"); about != "" {
			schema["description"] = about
		}
		if bounds := f.Tag.Get("range"); bounds != "" {
			schema["minimum"], schema["maximum"] = request.Bounds(bounds)
		}
		if properties[name] = schema; !optional {
			required = append(required, name)
		}
	}
	if e, ok := reflect.Zero(t).Interface().(Extended); ok {
		maps.Copy(properties, e.Properties())
	}
	schema := object{"type": "object", "properties": properties}
	if d.kind == strict {
		schema["additionalProperties"] = false
	}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}
