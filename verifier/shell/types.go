// Package shell reads shell scripts as far as that is possible without running them: which programs are called with which
// words, what is exported and what is written into which file.
//
// Its one rule: nothing is ever run. A word whose text only a run could tell is marked so, never guessed.
package shell

import (
	"path"
	"strings"
)

// Script is a text that a shell reads.
type Script struct {
	Commands []Command `json:"commands,omitempty"` // in the order in which they are written, those inside of if, for and functions too
	Problem  string    `json:"problem,omitempty"`  // why it could not be read to its end; the commands before that place are there
}

// Command is one simple command: assignments, words, redirections. Programs that only run another one (sudo, env, time,
// nohup, bash -c and their kin) are taken off: the words are those of the program that does the work.
type Command struct {
	Assigns   []Assign          `json:"assigns,omitempty"`   // in front of the words, or alone, or the words of export and declare
	Words     []Word            `json:"words,omitempty"`     // the program and its arguments; empty for assignments alone
	Redirects []Redirect        `json:"redirects,omitempty"` // its own, those of the group around it, and tee at the end of its pipe
	After     string            `json:"after,omitempty"`     // how it follows the command before: "", "&&", "||", "|", ";"
	Maybe     bool              `json:"maybe,omitempty"`     // inside if, case, a loop, a function, or after || : it may not run
	Subshell  bool              `json:"subshell,omitempty"`  // in parentheses, a pipe or a substitution: what it sets is lost
	Tolerated bool              `json:"tolerated,omitempty"` // its failure fails nothing: followed by || true, ; in a script without set -e
	Hidden    string            `json:"hidden,omitempty"`    // how its failure is hidden on purpose: "|| true", "; exit 0"
	As        string            `json:"as,omitempty"`        // the user that sudo, su and their kin run it as; empty for the script's own
	Dir       string            `json:"dir,omitempty"`       // the folder that cd led to: absolute, or relative to where the script starts; empty for that, "?" where it cannot be told
	Env       map[string]string `json:"env,omitempty"`       // Go's variables that the script has set by then, for this command too; as written where only a run could tell, "?" where it depends
	Input     bool              `json:"input,omitempty"`     // xargs gives it more words than these
	Line      int               `json:"line"`                // from 1, of the first word
	Column    int               `json:"column"`              // from 1, in characters
}

// Word is one word with its quotes removed.
type Word struct {
	Text    string   `json:"text"`              // expansions stand in it as they are written: $PATH, ${X:-y}, $(date); variables of loops and such that the script itself sets to a plain text are replaced
	Expands bool     `json:"expands,omitempty"` // holds an expansion that the shell makes (unquoted or in double quotes, not escaped) and whose result is not known
	Uses    []string `json:"uses,omitempty"`    // the variables of those expansions
	Line    int      `json:"line"`
	Column  int      `json:"column"`
}

// Assign is NAME=value.
type Assign struct {
	Name   string `json:"name"`
	Value  Word   `json:"value"`
	Export bool   `json:"export,omitempty"` // by export or declare -x
}

// Redirect is a redirection, or what a program that writes its input into files (tee) was told.
type Redirect struct {
	Op      string `json:"op"` // ">", ">>", "<<", "tee", "tee -a"
	File    Word   `json:"file"`
	Heredoc *Word  `json:"heredoc,omitempty"` // the text of a here document
}

// Program is the name of the program, without its folder; empty for assignments alone, and where only a run could tell.
func (c Command) Program() string {
	if len(c.Words) == 0 || c.Words[0].Text == "" || (c.Words[0].Expands && strings.ContainsAny(path.Base(c.Words[0].Text), "$`")) {
		return ""
	}
	return path.Base(c.Words[0].Text)
}

// Args is the words after the program.
func (c Command) Args() []Word {
	if len(c.Words) == 0 {
		return nil
	}
	return c.Words[1:]
}

// Is tells whether the command begins with these words: the program's name, then its first arguments.
func (c Command) Is(program string, args ...string) bool {
	if c.Program() != program || len(c.Words) <= len(args) {
		return false
	}
	for i, arg := range args {
		if c.Words[i+1].Text != arg {
			return false
		}
	}
	return true
}

// Printed is what echo, printf and cat print, as far as it stands in the script.
func (c Command) Printed() ([]Word, bool) {
	switch c.Program() {
	case "echo", "printf":
		words := c.Args()
		for len(words) > 0 && len(words[0].Text) > 1 && words[0].Text[0] == '-' && strings.Trim(words[0].Text[1:], "neE") == "" {
			words = words[1:]
		}
		if c.Program() == "printf" && len(words) > 1 && strings.Contains(words[0].Text, "%") {
			words = words[1:]
		}
		return words, true
	case "cat", "tee":
		for _, redirect := range c.Redirects {
			if redirect.Heredoc != nil {
				return []Word{*redirect.Heredoc}, true
			}
		}
	}
	return nil, false
}

// Write is a text that goes into a file.
type Write struct {
	File Word
	Text []Word
	Op   string // as in Redirect
}

// Writes is what the command writes into files, as far as it stands in the script.
func (c Command) Writes() []Write {
	text, ok := c.Printed()
	if !ok {
		return nil
	}
	var writes []Write
	for _, redirect := range c.Redirects {
		if redirect.Op != "<<" && redirect.File.Text != "/dev/null" {
			writes = append(writes, Write{File: redirect.File, Text: text, Op: redirect.Op})
		}
	}
	return writes
}
