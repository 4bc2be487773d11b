package openapi

import (
	"math"

	"t5train/model/generate"
)

// Option describes an option of generation.
func Option(o generate.Option) map[string]any {
	schema := map[string]any{"type": "boolean"} // do_sample
	if o.Value == nil {
		return schema
	}
	switch o.Value(&generate.Options{Sampling: new(generate.Sampling)}).(type) {
	case *int, *uint64:
		schema = map[string]any{"type": "integer"}
	case *float64, **float64:
		schema = map[string]any{"type": "number"}
	case *generate.EarlyStopping:
		return map[string]any{"enum": []any{true, false, "never"}}
	}
	least := "minimum"
	if o.Range.Above {
		least = "exclusiveMinimum"
	}
	schema[least] = o.Range.Least
	if !math.IsInf(o.Range.Most, 1) {
		schema["maximum"] = o.Range.Most
	}
	return schema
}
