package predict

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"

	"t5train/data/task"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/trainer/predict/inputfile"
)

// TestEveryOptionIsInTheJob: a file of answers that resumes with another value of an option would have answers of both.
// So each field of the options is what madeBy knows, what the inputs that are there tell, or nothing that answers
// depend on.
func TestEveryOptionIsInTheJob(t *testing.T) {
	const (
		inJob    = "in the job"
		inInputs = "in the inputs, whose beginnings are compared"
		apart    = "not in any answer"
	)
	for _, c := range []struct {
		options any
		fields  map[string]string
	}{
		{PredictorOptions{}, map[string]string{"MaxInputLength": inJob, "MaxOutputLength": inJob, "Top": inJob,
			"MinConfidence": inJob}},
		{OpenOptions{}, map[string]string{
			"Adapter": inJob, "Unverified": apart, "Task": inJob, "Component": inJob, "Limits": inJob,
			"Threads": apart, "Sink": apart, "DType": inJob,
		}},
		{FileOptions{}, map[string]string{"Generation": inJob, "BatchSize": apart, "Group": apart, "Sink": apart}},
		{Output{}, map[string]string{"Path": apart, "Format": inJob, "Overwrite": apart, "Device": apart}},
		{Generation{}, map[string]string{
			"Given": inJob, "Options": inJob, "Sample": inJob, "BadWords": inJob, "Prefix": inJob, "Choices": inJob,
		}},
		{inputfile.Source{}, map[string]string{
			"Texts": inInputs, "Path": apart, "Format": inInputs, "Stdin": inInputs, "Keep": inJob, "Targets": inInputs,
			"TargetColumn": inInputs,
		}},
	} {
		of := reflect.TypeOf(c.options)
		for i := range of.NumField() {
			if c.fields[of.Field(i).Name] == "" {
				t.Errorf("%v.%s: say here, and in madeBy, whether it changes answers", of, of.Field(i).Name)
			}
			delete(c.fields, of.Field(i).Name)
		}
		if len(c.fields) > 0 {
			t.Errorf("%v has no fields %v", of, slices.Collect(maps.Keys(c.fields)))
		}
	}
}

// TestJobsOfOptionsDiffer sets one option after the other: each makes another job.
func TestJobsOfOptionsDiffer(t *testing.T) {
	b := untrained(t)
	text := task.Spec{Name: task.Seq2Seq, TextColumns: []string{"text"}}
	base := func() *Predictor { return NewPredictor(b, text, kernel.NewWorkers(1), PredictorOptions{}) }
	given := func(field string, value any) *Predictor {
		g := Generation{Given: []string{"Beams", field}}
		g.Options.Beams = 2
		of := reflect.ValueOf(&g.Options).Elem().FieldByName(field)
		of.Set(reflect.ValueOf(value).Convert(of.Type()))
		p := base()
		if err := p.generation(g, nil); err != nil {
			t.Fatal(err)
		}
		return p
	}
	limited := func(spec task.Spec, o PredictorOptions) *Predictor {
		return NewPredictor(b, spec, kernel.NewWorkers(1), o)
	}
	jobs := map[string]string{}
	for name, made := range map[string]madeBy{
		"nothing":                 base().madeBy(nil),
		"another task":            limited(*b.Info.Task, PredictorOptions{}).madeBy(nil),
		"top":                     limited(*b.Info.Task, PredictorOptions{Top: 1}).madeBy(nil),
		"longest input":           limited(text, PredictorOptions{MaxInputLength: 7}).madeBy(nil),
		"longest output":          limited(text, PredictorOptions{MaxOutputLength: 7}).madeBy(nil),
		"columns":                 base().madeBy([]inputfile.Keep{{}}),
		"beams":                   given("Beams", 2).madeBy(nil),
		"a penalty":               given("LengthPenalty", new(0.5)).madeBy(nil),
		"a penalty of 0, not 1":   given("LengthPenalty", new(0.0)).madeBy(nil),
		"nothing twice in output": given("NoRepeatNgram", 3).madeBy(nil),
	} {
		raw, err := json.Marshal(made)
		job := Job{}
		if err == nil {
			err = flatten(job, "", raw)
		}
		if err != nil {
			t.Fatal(err)
		}
		if raw, err = json.Marshal(job); err != nil {
			t.Fatal(err)
		}
		if other, there := jobs[string(raw)]; there {
			t.Errorf("%s and %s are the same job: %s", name, other, raw)
		}
		jobs[string(raw)] = name
	}
}

// TestGenerationIsInTheJob sets each field of the options of generation to a value that is not the one it has by
// itself.
func TestGenerationIsInTheJob(t *testing.T) {
	elsewhere := []string{
		"Allowed",   // madeBy.Choices
		"MaxTokens", // madeBy.MaxOutputLength
	}
	of := reflect.TypeFor[generate.Options]()
	for i := range of.NumField() {
		var o generate.Options
		set := reflect.ValueOf(&o).Elem().Field(i)
		if slices.Contains(elsewhere, of.Field(i).Name) {
			continue
		}
		switch set.Kind() {
		case reflect.Int:
			set.SetInt(1)
		case reflect.Float64:
			set.SetFloat(0.5)
		case reflect.Bool:
			set.SetBool(true)
		case reflect.Func:
			continue // it is told of an answer, and changes none
		case reflect.Slice:
			set.Set(reflect.MakeSlice(set.Type(), 1, 1))
		case reflect.Pointer:
			set.Set(reflect.New(set.Type().Elem()))
			if set.Elem().Kind() == reflect.Struct {
				set.Elem().Field(0).SetFloat(1)
			} else {
				set.Elem().Set(reflect.ValueOf(2).Convert(set.Type().Elem()))
			}
		default:
			t.Fatalf("%s is a %v", of.Field(i).Name, set.Kind())
		}
		job := Job{}
		raw, err := json.Marshal(madeBy{Generation: o})
		if err == nil {
			err = flatten(job, "", raw)
		}
		if err != nil || len(job) == 0 {
			t.Errorf("%s is not in the job: %v", of.Field(i).Name, err)
		}
	}
}
