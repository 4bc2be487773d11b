package embed

import (
	"reflect"
	"testing"
)

// A file of vectors that resumes with another value of an option would have vectors of both: each option is in madeBy.
func TestEveryOptionIsInTheJob(t *testing.T) {
	made := reflect.TypeFor[madeBy]()
	for f := range reflect.TypeFor[Options]().Fields() {
		if _, ok := made.FieldByName(f.Name); !ok {
			t.Errorf("Options.%s is not in madeBy", f.Name)
		}
	}
	e := Embedder{maxInput: 7, options: Options{PerToken: true, Normalize: true},
		modules: modules{dense: []dense{{digest: "d"}}}}
	if m := e.madeBy(nil); m.MaxInputLength != 7 || !m.PerToken || !m.Normalize || len(m.Dense) != 1 {
		t.Errorf("%+v", m)
	}
}
