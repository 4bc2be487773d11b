// Package answers keeps the answers to many inputs in a file that grows for hours: an interrupted command goes on with
// it, and its name holds all answers or none.
//
// While answers come, OUTPUT.part has their lines, each a JSON object that begins with its input, and OUTPUT.t5train.json
// says what they are made by. When the last one is there, the lines become OUTPUT: by their new name, or as rows of
// parquet. Who goes on reads the inputs again, and each is held to the line that answers it.
//
//	file, err := answers.Open("answers.jsonl", job, false)
//	defer file.Close()
//	for each input {
//	    answered, err := file.Match(beginning of its line)
//	    if !answered {
//	        _, err = file.Write(line)
//	    }
//	}
//	err = file.Finish(nil)
package answers
