package task

import (
	"math"
	"strconv"
	"testing"

	"t5train/data/table"
)

// The numbers of STS-B were computed by T5's own code.
func TestWriteNumber(t *testing.T) {
	for _, c := range []struct {
		value, step float64
		want        string
	}{
		{.1, .2, "0.0"}, {.3, .2, "0.4"}, {.5, .2, "0.4"}, {2.5, .2, "2.4"}, {3.9, .2, "4.0"}, {4.3, .2, "4.4"},
		{1.833, .2, "1.8"}, {2.917, .2, "3.0"}, {0, .2, "0.0"}, {5, .2, "5.0"}, {-.05, .2, "0.0"}, {-1.25, .2, "-1.2"},
		{float64(float32(.1)), .2, "0.0"}, // as a float32 column has it
		{2.4, 1, "2"}, {2.5, 1, "2"}, {3.5, 1, "4"}, {1.13, .25, "1.25"}, {1234, 100, "1200"}, {.005, .01, "0.00"},
		{123456789, 1, "123456789"}, {-123456789, 1, "-123456789"}, {3000000.4, .2, "3000000.4"}, {1234567.8, .2,
			"1234567.8"}, {123456789, 100, "123456800"}, {12345.678901, 1e-6, "12345.678901"},
		{1e300, .2, strconv.FormatFloat(1e300, 'f', 1, 64)}, {-math.MaxFloat64, 1e-6,
			strconv.FormatFloat(-math.MaxFloat64, 'f', 6, 64)},
	} {
		if got := WriteNumber(c.value, c.step); got != c.want {
			t.Errorf("%g in steps of %g: got %s, want %s", c.value, c.step, got, c.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for answer, want := range map[string]float64{
		"3.8": 3.8, " 0.0\n": 0, "-2": -2, "+1.": 1, ".5": .5, "1e2": 100,
		"": -1, "high": -1, "3.8 3.8": -1, "nan": -1, "inf": -1, "-Infinity": -1, "1e999": -1, "0x10": -1, "1_0": -1,
		"3,8": -1, "٣": -1,
	} {
		got, ok := Number(answer)
		if got != want || ok != (want != NoNumber) {
			t.Errorf("%q: got %g, %v, want %g", answer, got, ok, want)
		}
	}
}

func TestHeldOut_Regression(t *testing.T) {
	s := Spec{Name: Regression, Prefix: new("stsb"), TextColumns: []string{"sentence1", "sentence2"},
		LabelColumn: "label", RoundTo: new(DefaultRoundTo)}
	float := func(v float64) table.Cell { return table.Cell{Kind: table.Float, Float: v} }
	e, ref, err := s.HeldOut([]table.Cell{str("A"), str("B"), float(2.917)})
	if err != nil || e != (Example{"stsb sentence1: A sentence2: B", "3.0", -1, 0}) || ref.Number != 2.917 {
		t.Errorf("got %+v, %+v, %v", e, ref, err)
	}
	if e, _, err := s.HeldOut([]table.Cell{str("A"), str("B"), num(4)}); err != nil || e.Target != "4.0" {
		t.Errorf("an int: got %+v, %v", e, err)
	}
	for cell, part := range map[string]table.Cell{"null": {}, "NaN": float(math.NaN()), `"x"`: str("x")} {
		_, _, err := s.HeldOut([]table.Cell{str("A"), str("B"), part})
		wantError(t, err, "label", cell)
	}
}

func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"3.8", "", " -1 ", "1e308", "1e309", "0x1p-2", "nan", "1_000", "½"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		v, ok := Number(answer)
		if math.IsNaN(v) || math.IsInf(v, 0) || !ok && v != NoNumber {
			t.Errorf("%q gives %g, %v", answer, v, ok)
		}
		if !ok || math.Abs(v) > 1000 {
			return
		}
		// What training writes, an answer is read as: at most half a step away, and the same when it is written again.
		written := WriteNumber(v, DefaultRoundTo)
		back, ok := Number(written)
		if !ok || math.Abs(back-v) > DefaultRoundTo/2+1e-3 || WriteNumber(back, DefaultRoundTo) != written {
			t.Errorf("%s is written as %s and read as %s", answer, written, strconv.FormatFloat(back, 'g', -1, 64))
		}
	})
}
