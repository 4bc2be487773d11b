package language_test

import (
	"fmt"

	"t5train/data/task/language"
)

func Example() {
	fmt.Println(language.Name("zh-CN"))
	fmt.Println(language.Name("tlh"))
	fmt.Printf("%q %q\n", language.OfColumn("translation.en"), language.OfColumn("text"))
	// Output:
	// Chinese true
	// tlh false
	// "en" ""
}
