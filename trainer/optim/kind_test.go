package optim

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/model/kernel"
)

// Every optimizer builds from what is usual for it, has a learning rate, fills its own options and no others, and is
// documented with the learning rate.
func TestEveryOptimizer(t *testing.T) {
	_, rates, _ := strings.Cut(Source, "// Peak learning rate")
	rates, _, _ = strings.Cut(rates, "LearningRate ")
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			s := Spec{Name: name}
			s.Resolve(false, 1)
			set := reflect.ValueOf(s)
			for f := range set.Type().Fields() {
				of, optional := f.Tag.Lookup("of")
				owned := slices.Contains(strings.Fields(of), name)
				if optional && owned == set.FieldByIndex(f.Index).IsNil() {
					t.Errorf("%s: want set %t, as its tag says", f.Name, owned)
				}
			}
			for _, pretraining := range []bool{false, true} {
				s := Spec{Name: name}
				s.Resolve(pretraining, 10)
				usual, implausible := UsualPeak(name, pretraining)
				if rate, err := s.Rate(); err != nil || rate != 10*usual || usual <= 0 || implausible <= usual {
					t.Errorf("got rate %g, %v of usual %g, implausible from %g", rate, err, usual, implausible)
				}
			}
			if !strings.Contains(rates, name) {
				t.Errorf("the comment of learning_rate says nothing of %s", name)
			}
			const side = 8
			params := []Param{{Name: "w", Shape: []int{side, side}, Value: make([]float32, side*side)}}
			o, err := New(Spec{Name: name}, params, kernel.NewWorkers(1))
			if err != nil {
				t.Fatal(err)
			}
			kept := 0
			for _, slot := range o.State() {
				kept += len(slot.Data)
			}
			if got := kept / (side * side); got != StateFloats(name) {
				t.Errorf("keeps %d floats a parameter, the table has %d", got, StateFloats(name))
			}
		})
	}
}

// Every name in a tag is that of an optimizer.
func TestOwnersOfKeysAreOptimizers(t *testing.T) {
	for f := range reflect.TypeFor[Spec]().Fields() {
		for _, name := range strings.Fields(f.Tag.Get("of")) {
			if !slices.Contains(Names(), name) {
				t.Errorf("%s is of %s, which is no optimizer", f.Name, name)
			}
		}
	}
}

// What is not known, or learns nothing, is an error.
func TestOptimizerErrors(t *testing.T) {
	s := Spec{Name: "adam"}
	s.Resolve(false, 1)
	_, err := New(s, nil, kernel.NewWorkers(1))
	if want := `optimizer "adam" is unknown, want one of adafactor, adamw, sgd`; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	if rate, err := s.Rate(); err == nil || !strings.Contains(err.Error(), "optimizer.learning_rate") {
		t.Errorf("got rate %g, %v, want an error", rate, err)
	}
	s = Spec{Name: NameAdafactor, RelativeStep: new(true)}
	s.Resolve(false, 1)
	if rate, err := s.Rate(); rate != 0 || err != nil || s.LearningRate != nil {
		t.Errorf("relative step: got rate %g, %v", rate, err)
	}
}
