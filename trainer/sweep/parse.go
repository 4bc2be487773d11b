package sweep

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"t5train/checkpoints/builtin"
	"t5train/configs"
	"t5train/internal/nearest"
	"t5train/internal/ui"
)

// keys are those of a sweep's file.
var keys = []string{"command", "output", "base", "search", "method", "trials", "minutes", "rungs", "reduction", "seed",
	"metric", "test"}

// Parse reads the file of a sweep. Name stands in the messages; o has what belongs to the base besides the file, such
// as the environment. The error joins every mistake, one a line, each with
// its key, its line and what to do.
//
//	command: finetune                   # or pretrain
//	output: runs/sweep
//	base: configs/quickstart.yaml       # or the sections of a configuration below it
//	search:
//	  optimizer.learning_rate: {log_uniform: [1e-4, 1e-2]}
//	  train.batch_size: [8, 16, 32]
//	trials: 20
func Parse(name string, content []byte, o configs.LoadOptions) (*Spec, error) {
	p := &parser{name: name, lines: bytes.Split(content, []byte("\n")),
		spec: &Spec{Base: o, Rungs: defaultRungs, Reduction: defaultReduction, Seed: 1}}
	var doc yaml.Node
	if err := yaml.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("%s is not YAML: %w: check the indentation", name,
			errors.New(strings.TrimPrefix(err.Error(), "yaml: ")))
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: want keys such as base: and search: at its top", name)
	}
	if o.DefaultModel == "" && builtin.Has(builtin.Default) {
		p.spec.Base.DefaultModel = builtin.Default
	}
	p.top(doc.Content[0])
	return p.spec, errors.Join(p.problems...)
}

// parser gathers the mistakes of a file.
type parser struct {
	name     string
	lines    [][]byte
	spec     *Spec
	grid     bool
	problems []error
}

// maxProblems bounds what is said of a file that is none of a sweep.
const maxProblems = 50

// place names a line, or the file for 0.
func (p *parser) place(line int) string {
	if line == 0 {
		return p.name
	}
	return fmt.Sprintf("%s:%d", p.name, line)
}

func (p *parser) report(line int, key, format string, args ...any) {
	if len(p.problems) < maxProblems {
		p.problems = append(p.problems,
			fmt.Errorf("%s: %s (%s)", clipped(key), fmt.Sprintf(format, args...), p.place(line)))
	}
}

// clipped returns what a file has for a message.
func clipped(text string) string {
	if len(text) > 80 || strings.ContainsAny(text, "\n\x00") {
		return fmt.Sprintf("%.80q", text)
	}
	return text
}

func (p *parser) top(root *yaml.Node) {
	seen := map[string]bool{}
	var search, base *yaml.Node
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if seen[key.Value] {
			p.report(key.Line, key.Value, "given twice: keep one")
			continue
		}
		seen[key.Value] = true
		switch key.Value {
		case "base":
			base = value
			p.base(key, value, p.end(root, i))
		case "search":
			search = value
		default:
			p.scalar(key, value)
		}
	}
	if base == nil {
		p.report(0, "base", "required: a configuration, or the path of its file")
	}
	if search == nil {
		p.report(0, "search", "required: keys and the values that they are to have, such as train.batch_size: [8, 16]")
	}
	if len(p.problems) > 0 {
		return
	}
	if p.spec.Command == "" {
		p.spec.Command = configs.CommandOf(p.spec.Base)
	}
	if p.spec.Command == "" {
		p.spec.Command = "finetune"
	}
	p.search(search)
}

// end returns the line behind the value of the i-th node of a mapping.
func (p *parser) end(root *yaml.Node, i int) int {
	if i+2 < len(root.Content) {
		return root.Content[i+2].Line
	}
	return len(p.lines) + 1
}

// base takes the configuration: a path, or what stands below the key, in lines of the same numbers.
func (p *parser) base(key, value *yaml.Node, end int) {
	o := &p.spec.Base
	switch {
	case value.Kind == yaml.ScalarNode && value.ShortTag() == "!!str":
		var err error
		o.File = value.Value
		if o.Content, err = configs.ReadFile(value.Value); err != nil {
			p.report(value.Line, "base", "%v", err)
		}
	case value.Kind != yaml.MappingNode || value.Style&yaml.FlowStyle != 0 || len(value.Content) == 0 ||
		value.Content[0].Line == key.Line:
		p.report(value.Line, "base", "want the path of a configuration, or its sections such as task: on lines below")
	default:
		first := value.Content[0]
		o.File = p.name
		o.Content = bytes.Repeat([]byte("\n"), first.Line-1)
		for n := first.Line; n < min(end, len(p.lines)+1); n++ {
			line := p.lines[n-1]
			if cut := first.Column - 1; len(line) >= cut && len(bytes.TrimLeft(line[:cut], " ")) == 0 {
				o.Content = append(o.Content, line[cut:]...)
			}
			o.Content = append(o.Content, '\n')
		}
	}
}

// scalar takes a key that says how to search.
func (p *parser) scalar(key, value *yaml.Node) {
	s, want := p.spec, ""
	whole := func(to *int, least, most int) {
		n, err := strconv.Atoi(value.Value)
		if value.ShortTag() != "!!int" || err != nil || n < least || n > most {
			want = fmt.Sprintf("an integer from %d to %d", least, most)
			return
		}
		*to = n
	}
	word := func(to *string, words ...string) {
		switch *to = value.Value; {
		case value.ShortTag() != "!!str" || value.Value == "":
			want = "text"
		case len(words) > 0 && !slices.Contains(words, value.Value):
			want = ui.AnyOf(words)
		}
	}
	switch key.Value {
	case "command":
		word(&s.Command, "finetune", "pretrain")
	case "output":
		word(&s.Output)
	case "metric":
		word(&s.Metric)
	case "method":
		var method string
		word(&method, "random", "grid")
		p.grid = method == "grid"
	case "trials":
		whole(&s.Trials, 1, maxTrials)
	case "rungs":
		whole(&s.Rungs, 1, 10)
	case "reduction":
		whole(&s.Reduction, 2, 100)
	case "seed":
		whole(&s.Seed, 0, 1<<31-1)
	case "minutes":
		var err error
		s.Minutes, err = strconv.ParseFloat(value.Value, 64)
		if value.Kind != yaml.ScalarNode || err != nil || !(s.Minutes > 0 && s.Minutes <= 1e6) {
			want = "a number of minutes > 0 and <= 1000000"
		}
	case "test":
		if value.Kind == yaml.SequenceNode {
			for _, n := range value.Content {
				s.Test = append(s.Test, n.Value)
			}
		} else {
			s.Test = []string{""}
			word(&s.Test[0])
		}
	default:
		p.unknown(key)
		return
	}
	if want != "" {
		p.report(value.Line, key.Value, "got %s, want %s", shown(value), want)
	}
}

func (p *parser) unknown(key *yaml.Node) {
	hint := "the keys are " + strings.Join(keys, ", ")
	if section, _, _ := strings.Cut(key.Value, "."); isSection(section) {
		hint = "a key of the configuration belongs below base:, or below search: with the values to try"
	} else if near := nearest.Word(key.Value, keys); near != "" {
		hint = "did you mean " + near + "?"
	}
	p.report(key.Line, key.Value, "unknown key: %s", hint)
}

func isSection(name string) bool {
	for _, k := range configs.Keys() {
		if section, _, _ := strings.Cut(k.Path, "."); section == name {
			return true
		}
	}
	return false
}

// shown returns a value for a message.
func shown(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a section"
	case yaml.ScalarNode:
		return clipped(n.Value)
	}
	return "an alias"
}

// search reads the keys to search, and tries each value in the base.
func (p *parser) search(n *yaml.Node) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		p.report(n.Line, "search", "got %s, want keys with their values, such as train.batch_size: [8, 16]", shown(n))
		return
	}
	if _, err := p.load(nil, ""); err != nil {
		p.problems = append(p.problems, err)
		return
	}
	wants := map[string]string{}
	for _, k := range configs.Keys() {
		wants[k.Path] = k.Want
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		path, value := n.Content[i], n.Content[i+1]
		key := Key{Path: configs.CurrentKey(path.Value)}
		if _, twice := lines[key.Path]; twice {
			p.report(path.Line, key.Path, "given twice: keep one")
			continue
		}
		lines[key.Path] = path.Line
		if key.Path == "output" {
			p.report(path.Line, key.Path, "each trial has a folder of its own in that of the sweep: remove it")
			continue
		}
		if _, known := wants[key.Path]; !known { // which Load reports, with the nearest one
			p.try(path.Line, key.Path, "1")
			continue
		}
		if p.values(&key, path, value, wants[key.Path]) {
			p.spec.Search = append(p.spec.Search, key)
		}
	}
	for _, k := range p.spec.Search {
		for _, v := range k.tried() {
			p.try(lines[k.Path], k.Path, v)
		}
	}
}

// values reads what a key is to have: a list, or one way to draw.
func (p *parser) values(key *Key, path, n *yaml.Node, want string) bool {
	const ways = "want a list such as [a, b], or one of {uniform: [low, high]}, {log_uniform: [low, high]}, " +
		"{integers: [low, high]} and {seeds: n}"
	if n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
		for _, item := range n.Content {
			key.Values = append(key.Values, textOf(item))
		}
		return true
	}
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		p.report(path.Line, key.Path, "got %s, %s", shown(n), ways)
		return false
	}
	way, ends := n.Content[0].Value, n.Content[1]
	integer, number := strings.HasPrefix(want, "an integer"), strings.HasPrefix(want, "a number")
	switch way {
	case "seeds":
		count, err := strconv.Atoi(ends.Value)
		if err != nil || count < 1 || count > maxTrials || !integer {
			p.report(path.Line, key.Path, "got seeds %s, want a number of seeds to try, such as {seeds: 3}",
				shown(ends))
			return false
		}
		first := 1
		if c, err := p.load(nil, ""); err == nil && key.Path == "train.seed" {
			first = c.Train.Seed
		}
		for i := range count {
			key.Values = append(key.Values, strconv.Itoa(first+i))
		}
		return true
	case "uniform", "log_uniform", "integers":
	default:
		hint := ways
		if near := nearest.Word(way, []string{"uniform", "log_uniform", "integers", "seeds"}); near != "" {
			hint = "did you mean " + near + "?"
		}
		p.report(n.Line, key.Path, "got %s: %s", clipped(way), hint)
		return false
	}
	if !integer && !number {
		p.report(path.Line, key.Path, "got a range, want a list: it takes %s", want)
		return false
	}
	if p.grid {
		p.report(path.Line, key.Path, "got a range, want a list for method grid: write its values out, or choose "+
			"method random")
		return false
	}
	key.Log, key.Whole = way == "log_uniform", integer || way == "integers"
	good := ends.Kind == yaml.SequenceNode && len(ends.Content) == 2
	for i, to := range []*float64{&key.Low, &key.High} {
		if good {
			v, err := strconv.ParseFloat(ends.Content[i].Value, 64)
			*to, good = v, err == nil && v-v == 0 && (!key.Whole || v == float64(int64(v)))
		}
	}
	switch {
	case !good || key.Low >= key.High:
		p.report(path.Line, key.Path, "got no range, want two numbers, the smaller first, integers where the key has "+
			"them: {%s: [1, 10]}", way)
	case key.Log && key.Low <= 0:
		p.report(path.Line, key.Path, "got %g, want a range of numbers above 0 for log_uniform", key.Low)
	default:
		return true
	}
	return false
}

// textOf writes a value as configs.LoadOptions.Set has it.
func textOf(n *yaml.Node) string {
	switch {
	case n.Kind != yaml.ScalarNode:
		flow(n)
		text, err := yaml.Marshal(n)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(text))
	case n.ShortTag() == "!!null":
		return "null"
	case n.ShortTag() == "!!str" && (n.Value == "null" || strings.HasPrefix(n.Value, `"`) ||
		strings.HasPrefix(n.Value, "'")):
		return strconv.Quote(n.Value)
	}
	return n.Value
}

func flow(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	if n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode {
		n.Style = yaml.FlowStyle
	}
	for _, c := range n.Content {
		flow(c)
	}
}

// tried returns the values of a key that are checked: all of a list, the ends of a range.
func (k Key) tried() []string {
	if len(k.Values) > 0 {
		return k.Values
	}
	form := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	if k.Whole {
		form = func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	}
	return []string{form(k.Low), form(k.High)}
}

// load loads the base, with a setting of a line.
func (p *parser) load(set []string, place string) (*configs.Config, error) {
	o := p.spec.Base
	o.Command, o.NoRun, o.Set, o.SetName, o.Paths, o.Sink = p.spec.Command, true, set, place, false, nil
	if p.spec.Metric != "" {
		o.Overrides = map[string]any{"eval.metric": p.spec.Metric}
	}
	return configs.Load(o)
}

// try reports what is wrong with a value of a key by itself. What does not go with other keys may well go with their
// other values: such a trial fails by itself.
func (p *parser) try(line int, key, value string) {
	_, err := p.load([]string{key + "=" + value}, p.place(line))
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return
	}
	for _, e := range joined.Unwrap() {
		text, own := e.Error(), strings.HasPrefix(e.Error(), key+": ")
		for _, k := range p.spec.Search {
			own = own && (k.Path == key || !strings.Contains(text, k.Path))
		}
		if own && len(p.problems) < maxProblems {
			p.problems = append(p.problems, e)
			return
		}
	}
}
