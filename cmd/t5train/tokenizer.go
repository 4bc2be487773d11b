package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/data/corpus"
	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/jsonlines"
	"t5train/internal/ui"
	"t5train/trainer/predict/inputfile"
)

func tokenizerCommand(a app) *cobra.Command {
	c := &cobra.Command{
		Use:   "tokenizer",
		Short: "Train tokenizers, turn text into token ids and back, measure and compare",
		Args:  noArguments,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(tokenizerTrainCommand(a), encodeCommand(a), decodeCommand(a), compareCommand(a),
		tokenizerReportCommand(a))
	return c
}

// The rules that --special names.
const (
	specialTransformers = "transformers"
	specialSeqio        = "seqio"
)

// tokenizerFlags choose a tokenizer.
type tokenizerFlags struct {
	path, special string
	paths         []string // of commands that look at several
}

func (t *tokenizerFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&t.path, "tokenizer", "", "run, checkpoint, spiece.model or tokenizer.json (default: T5's)")
	t.addSpecial(c)
}

func (t *tokenizerFlags) addSpecial(c *cobra.Command) {
	c.Flags().StringVar(&t.special, "special", "",
		"rule for special tokens: transformers or seqio (default: its own)")
}

func (t *tokenizerFlags) load(c *cobra.Command) (*tokenizer.Tokenizer, error) {
	if err := t.check(c); err != nil {
		return nil, err
	}
	return t.open(t.path)
}

func (t *tokenizerFlags) check(c *cobra.Command) error {
	switch t.special {
	case "", specialTransformers, specialSeqio:
		return nil
	}
	return misuse(c, "--special %s: want %s or %s", t.special, specialTransformers, specialSeqio)
}

func (t *tokenizerFlags) open(path string) (*tokenizer.Tokenizer, error) {
	tok, err := checkpoints.OpenTokenizer(path)
	if err != nil {
		return nil, err
	}
	return t.apply(tok)
}

func (t *tokenizerFlags) apply(tok *tokenizer.Tokenizer) (*tokenizer.Tokenizer, error) {
	rules := tok.Rules()
	switch t.special {
	case specialTransformers:
		rules = tokenizer.Transformers
	case specialSeqio:
		rules = tokenizer.SentencePiece
	}
	if rules == tok.Rules() {
		return tok, nil
	}
	return tok.WithRules(rules)
}

// addSeveral adds the flag of commands that look at more tokenizers than one. Arguments are its old form.
func (t *tokenizerFlags) addSeveral(c *cobra.Command, usage string) {
	c.Flags().StringArrayVar(&t.paths, "tokenizer", nil, usage)
	t.addSpecial(c)
}

// several returns the paths of the tokenizers, of which there may be least to most.
func (t *tokenizerFlags) several(c *cobra.Command, console ui.Sink, args []string, least, most int) ([]string, error) {
	if len(args) > 0 {
		ui.Say(console, "note", "tokenizers are now named with --tokenizer, each")
	}
	paths := append(t.paths, args...)
	if len(paths) < least || len(paths) > most {
		return nil, misuse(c, "got %d tokenizers, want %s: name each with --tokenizer", len(paths),
			map[bool]string{true: "two", false: "one or two"}[least == most])
	}
	return paths, t.check(c)
}

// textFlags choose texts.
type textFlags struct {
	input, column string
	format        table.Format
}

func (t *textFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&t.input, "input", "-", "texts, PATH or PATH:COLUMN (default column: text); - is stdin")
	addInputFormat(c, &t.format)
	f.StringVar(&t.column, "column", "", "column of the texts: its old place")
	f.Lookup("column").Hidden = true
}

// each calls yield with every text, as it stands.
func (t *textFlags) each(c *cobra.Command, stdin io.Reader, yield func(text string) error) error {
	path, column := corpus.SplitColumn(t.input)
	if t.column != "" {
		path, column = t.input, t.column
	}
	format, err := inputFormat(c, t.format, path)
	if err != nil {
		return err
	}
	spec := task.Spec{Name: task.Seq2Seq, TextColumns: []string{cmp.Or(column, "text")}}
	return inputfile.Read(c.Context(), path, format, spec, nil, stdin,
		func(in inputfile.Input) error { return yield(in.Shown) })
}

func encodeCommand(a app) *cobra.Command {
	var tok tokenizerFlags
	var from textFlags
	var texts []string
	var pieces, asJSON, eos bool
	c := &cobra.Command{
		Use:   "encode",
		Short: "Print the token ids of texts, one text a line",
		Long:  `Print the token ids of texts, one text a line: of --text, or of a file, by default standard input.`,
		Example: `  t5train tokenizer encode --text "translate English to German: That is good."
  t5train tokenizer encode --tokenizer runs/quickstart --pieces --input messages.txt
  t5train tokenizer encode --input train.parquet:text --json`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			t, err := tok.load(c)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(a.data)
			encoder := jsonlines.NewEncoder(out)
			var ids []int32
			print := func(text string) error {
				ids = t.AppendEncode(ids[:0], text)
				if eos && t.EOS() >= 0 {
					ids = append(ids, t.EOS())
				}
				switch {
				case asJSON:
					return encoder.Encode(encoded{text, append([]int32{}, ids...), piecesOf(t, ids)})
				case pieces:
					fmt.Fprintln(out, strings.Join(piecesOf(t, ids), " "))
				default:
					fmt.Fprintln(out, idsText(ids))
				}
				return nil
			}
			for _, text := range texts {
				if err := print(text); err != nil {
					return err
				}
			}
			if len(texts) == 0 || c.Flags().Changed("input") {
				if err := from.each(c, a.stdin, print); err != nil {
					return err
				}
			}
			return out.Flush()
		},
	}
	tok.add(c)
	from.add(c)
	f := c.Flags()
	f.StringArrayVar(&texts, "text", nil, "text to encode (repeatable)")
	f.BoolVar(&pieces, "pieces", false, "print the pieces instead of their ids")
	f.BoolVar(&asJSON, "json", false, "print a JSON object a line: text, ids and pieces")
	f.BoolVar(&eos, "eos", true, "end each text with </s>, as transformers does")
	return c
}

// encoded is a line of tokenizer encode --json.
type encoded struct {
	Text   string   `json:"text"`
	IDs    []int32  `json:"ids"`
	Pieces []string `json:"pieces"`
}

func piecesOf(t *tokenizer.Tokenizer, ids []int32) []string {
	pieces := make([]string, len(ids))
	for i, id := range ids {
		pieces[i] = t.Piece(id)
	}
	return pieces
}

func idsText(ids []int32) string {
	var b []byte
	for i, id := range ids {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, int64(id), 10)
	}
	return string(b)
}

func decodeCommand(a app) *cobra.Command {
	var tok tokenizerFlags
	var lists []string
	var input string
	var skip, asJSON bool
	c := &cobra.Command{
		Use:   "decode",
		Short: "Print the text of token ids, one sequence a line",
		Long:  `Print the text of token ids, one sequence a line: of --ids, or of a file, by default standard input.`,
		Example: `  t5train tokenizer decode --ids "13959 1566 12 2968 10 466 19 207 5 1"
  t5train tokenizer decode --tokenizer runs/quickstart --input ids.txt
  t5train tokenizer encode --input messages.txt | t5train tokenizer decode --skip-special`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			t, err := tok.load(c)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(a.data)
			encoder := jsonlines.NewEncoder(out)
			print := func(list string) error {
				ids, err := parseIDs(list, t.VocabSize())
				if err != nil {
					return err
				}
				text := t.Decode(ids, skip)
				if asJSON {
					return encoder.Encode(decoded{ids, text})
				}
				_, err = fmt.Fprintln(out, text)
				return err
			}
			for _, list := range lists {
				if err := print(list); err != nil {
					return fmt.Errorf("decode --ids %q: %w", list, err)
				}
			}
			if len(lists) == 0 || c.Flags().Changed("input") {
				line := 0
				lines := textFlags{input: input, format: table.Text, column: "ids"}
				err := lines.each(c, a.stdin, func(text string) error {
					if line++; strings.TrimSpace(text) == "" {
						text = ""
					}
					if err := print(text); err != nil {
						return fmt.Errorf("decode %s, line %d: %w", input, line, err)
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
			return out.Flush()
		},
	}
	tok.add(c)
	f := c.Flags()
	f.StringArrayVar(&lists, "ids", nil, "ids to decode, with spaces or commas between them (repeatable)")
	f.StringVar(&input, "input", "-", "file with a sequence of ids a line; - is standard input")
	f.BoolVar(&skip, "skip-special", false, "leave out special tokens")
	f.BoolVar(&asJSON, "json", false, "print a JSON object a line: ids and text")
	return c
}

// decoded is a line of tokenizer decode --json.
type decoded struct {
	IDs  []int32 `json:"ids"`
	Text string  `json:"text"`
}

// parseIDs reads "[3, 9, 1]", "3,9,1" or "3 9 1".
func parseIDs(list string, vocabulary int) ([]int32, error) {
	list = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(list), "["), "]")
	ids := []int32{}
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' }) {
		id, err := strconv.ParseInt(word, 10, 32)
		if err != nil || id < 0 || id >= int64(vocabulary) {
			return nil, fmt.Errorf("got %q, want ids of 0 to %d", word, vocabulary-1)
		}
		ids = append(ids, int32(id))
	}
	return ids, nil
}
