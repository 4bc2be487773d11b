package generate

import (
	"reflect"
	"slices"
	"testing"
)

// TestTable checks that every field of Options that users can set is in the table once, that no name is there twice,
// and that the values of a row are those of its field.
func TestTable(t *testing.T) {
	internal := []string{"Watch", "ForcedEOS", "EOS", "Start", "Indices"} // no options of their own
	var fields []string
	for _, of := range []reflect.Type{reflect.TypeFor[Options](), reflect.TypeFor[Sampling]()} {
		for f := range of.Fields() {
			if !slices.Contains(internal, f.Name) {
				fields = append(fields, f.Name)
			}
		}
	}
	seen := map[string]bool{}
	for _, o := range Table() {
		if i := slices.Index(fields, o.Field); i >= 0 {
			fields = slices.Delete(fields, i, i+1)
		} else {
			t.Errorf("%s is no field, or stands twice", o.Field)
		}
		for i, name := range []string{o.Key, o.Config, o.Request} {
			if at := string(rune('0'+i)) + name; name != "" && seen[at] {
				t.Errorf("%s stands twice", name)
			} else {
				seen[at] = true
			}
		}
		options := Options{Sampling: new(Sampling)}
		v := reflect.ValueOf(&options).Elem().FieldByName(o.Field)
		if !v.IsValid() {
			v = reflect.ValueOf(options.Sampling).Elem().FieldByName(o.Field)
		}
		if o.Value != nil && reflect.ValueOf(o.Value(&options)).Pointer() != v.Addr().Pointer() {
			t.Errorf("the value of %s is another field", o.Field)
		}
	}
	if len(fields) > 0 {
		t.Errorf("the table lacks %q", fields)
	}
}

// Beams and sampling end each other, and what has no effect is named.
func TestOverride(t *testing.T) {
	beams := Options{Beams: 4, LengthPenalty: new(2.0)}
	samples := Options{Sampling: &Sampling{Temperature: 0.5, TopK: 9}}
	own := Options{Beams: 2, LengthNormAlpha: 0.6, Sampling: &Sampling{TopP: 0.5}}
	for _, c := range []struct {
		base   Options
		given  []string
		sample bool
		want   Options
		idle   []string
	}{
		{beams, nil, false, beams, nil},
		{samples, nil, false, samples, nil},
		{samples, []string{"Beams"}, false, Options{Beams: 2}, nil},
		{beams, []string{"Sampling"}, true,
			Options{LengthPenalty: beams.LengthPenalty, Sampling: &Sampling{Temperature: 1}}, nil},
		{samples, []string{"TopP"}, false, Options{Sampling: &Sampling{Temperature: 0.5, TopK: 9, TopP: 0.5}}, nil},
		{beams, []string{"LengthNormAlpha"}, false, Options{Beams: 4, LengthNormAlpha: 0.6}, nil},
		{Options{}, []string{"LengthNormAlpha", "TopP"}, false, Options{LengthNormAlpha: 0.6},
			[]string{"LengthNormAlpha", "TopP"}},
		{samples, []string{"Sampling", "TopP"}, false, Options{}, []string{"TopP"}},
	} {
		got, idle := Override(c.base, own, func(o Option) bool { return slices.Contains(c.given, o.Field) }, c.sample)
		var fields []string
		for _, o := range idle {
			fields = append(fields, o.Field)
		}
		if !reflect.DeepEqual(got, c.want) || !slices.Equal(fields, c.idle) {
			t.Errorf("%v: got %+v, without effect %q, want %+v, %q", c.given, got, fields, c.want, c.idle)
		}
	}
	if samples.Sampling.TopP != 0 {
		t.Error("the options of the checkpoint change")
	}
}
