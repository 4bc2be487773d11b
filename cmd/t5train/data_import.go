package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"t5train/data/importer"
	"t5train/data/table"
	"t5train/internal/ui"
)

// importFlags are the options whose text has to be read.
type importFlags struct {
	delimiter, shard string
	types, split     []string
}

func importCommand(a app) *cobra.Command {
	var f importFlags
	var o importer.Options
	c := &cobra.Command{
		Use:   "import INPUT...",
		Short: "Make parquet of CSV, TSV, JSON, JSON lines, text, folders of text, CoNLL or SQuAD",
		Long: `Make parquet of CSV, TSV, JSON, JSON lines, text, folders of text, CoNLL or SQuAD, also packed with gzip. INPUT is a
file, a folder or a glob, or SPLIT= and one of these. Names tell the format; --format corrects them. Each --label
column becomes a ClassLabel, and --split divides the rows, exactly and always alike. The first line that does not
parse is an error, or with --skip-bad-lines left out. docs/data.md describes the formats.`,
		Example: `  t5train data import reviews.csv --label sentiment --split train=0.9,validation=0.1 --output reviews
  t5train data import train=aclImdb/train test=aclImdb/test --output imdb
  t5train data import pairs.tsv --no-header --columns en,de --no-quotes --output pairs.parquet`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse(c, "no input: name files or folders")
			}
			if err := cmp.Or(requireFlags(c, "output"),
				requireAtLeast(c, 1, "token-column", "tag-column")); err != nil {
				return err
			}
			if err := f.parse(&o); err != nil {
				return usageError{err, c.CommandPath()}
			}
			o.Inputs = args
			o.Sink = a.console()
			result, err := importer.Import(c.Context(), o)
			if err != nil {
				return err
			}
			for _, s := range result.Splits {
				ui.Say(o.Sink, s.Name, "%d rows", s.Rows)
			}
			_, err = fmt.Fprintln(a.stdout, strings.Join(result.Files, "\n"))
			return err
		},
	}
	flags := c.Flags()
	flags.StringVar(&o.Output, "output", "", "folder for SPLIT-00000-of-00001.parquet, or one file, NAME.parquet")
	flags.BoolVar(&o.Overwrite, "overwrite", false, "replace files of the same splits")
	flags.StringVar((*string)(&o.Format), "format", "", "format of the inputs (default: told by their names)")
	flags.StringSliceVar(&o.Labels, "label", nil,
		"columns that become ClassLabels (default: that of classes and conll)")
	flags.StringSliceVar(&o.Drop, "drop", nil, "columns that are left out")
	flags.IntVar(&o.SkipBadLines, "skip-bad-lines", 0,
		"lines that do not parse, up to which they are left out; more are an error")
	flags.StringSliceVar(&f.types, "types", nil,
		"types of columns, as in id=int,score=float: string, int, float or bool")
	flags.StringSliceVar(&f.split, "split", nil,
		"splits and their parts, as in train=0.9,validation=0.1 (default: all is train)")
	flags.Uint64Var(&o.Seed, "seed", 1, "which rows go to which split")
	flags.StringVar(&o.Stratify, "stratify", "", "label column of which each split gets the same part of each class")
	flags.StringVar(&o.Group, "group", "", "column whose equal values stay in one split (default: context, for squad)")
	flags.StringVar(&f.delimiter, "delimiter", "",
		"character between the cells of a table (default: told by the first lines)")
	flags.BoolVar(&o.Read.NoQuotes, "no-quotes", false, "quotes in a table are characters like others")
	flags.BoolVar(&o.Read.NoHeader, "no-header", false, "the first line of a table is a row")
	flags.StringSliceVar(&o.Read.Columns, "columns", nil,
		"names of columns without a header (default: column_1, column_2, ...)")
	flags.IntVar(&o.Read.TokenColumn, "token-column", 0, "number of the column of tokens in conll (default: 1)")
	flags.IntVar(&o.Read.TagColumn, "tag-column", 0, "number of the column of tags in conll (default: the last)")
	flags.StringVar(&f.shard, "max-shard-size", "500MB", "size at which a file is cut, about")
	return c
}

// parse reads the text of flags into the options.
func (f *importFlags) parse(o *importer.Options) (err error) {
	if o.Format != "" && !slices.Contains(table.Formats(), o.Format) {
		return fmt.Errorf("--format %s: want one of %v", o.Format, table.Formats())
	}
	if f.delimiter != "" {
		text := strings.ReplaceAll(f.delimiter, `\t`, "\t")
		r, size := utf8.DecodeRuneInString(text)
		if size != len(text) || strings.ContainsRune("\"\r\n\ufffd", r) {
			return fmt.Errorf("--delimiter %q: want one character that is no quote and no end of line", f.delimiter)
		}
		o.Read.Delimiter = r
	}
	if o.Shares, err = importer.ParseShares(f.split); err != nil {
		return fmt.Errorf("--split %w", err)
	}
	o.Types = map[string]importer.Type{}
	names := map[string]importer.Type{"string": importer.String, "int": importer.Int64, "float": importer.Float64,
		"bool": importer.Bool}
	for _, text := range f.types {
		column, name, _ := strings.Cut(text, "=")
		if names[name] == "" || column == "" {
			return fmt.Errorf("--types %s: want a column and string, int, float or bool, as in score=float", text)
		}
		o.Types[column] = names[name]
	}
	var ok bool
	if o.ShardBytes, ok = parseBytes(f.shard); !ok {
		return fmt.Errorf("--max-shard-size %s: want a size such as 500MB or 2GiB", f.shard)
	}
	return nil
}
