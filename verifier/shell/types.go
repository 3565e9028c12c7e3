// Package shell reads shell scripts as far as that is possible without running them: which programs are called with which
// words, what is exported and what is written into which file.
//
// Its one rule: nothing is ever run. A word whose text only a run could tell is marked so, never guessed.
package shell

// Script is a text that a shell reads.
type Script struct {
	Commands []Command `json:"commands,omitempty"` // in the order in which they are written, those inside of if, for and functions too
	Problem  string    `json:"problem,omitempty"`  // why it could not be read to its end; the commands before that place are there
}

// Command is one simple command: assignments, words, redirections.
type Command struct {
	Assigns   []Assign   `json:"assigns,omitempty"` // in front of the words, or alone
	Words     []Word     `json:"words,omitempty"`   // the program and its arguments; empty for assignments alone
	Redirects []Redirect `json:"redirects,omitempty"`
	After     string     `json:"after,omitempty"`     // how it follows the command before: "", "&&", "||", "|", ";"
	Maybe     bool       `json:"maybe,omitempty"`     // inside if, case, a loop, a function, or after || : it may not run
	Subshell  bool       `json:"subshell,omitempty"`  // in parentheses, a pipe or a substitution: what it sets is lost
	Tolerated bool       `json:"tolerated,omitempty"` // its failure fails nothing: followed by || true, ; in a script without set -e
	Line      int        `json:"line"`                // from 1, of the first word
	Column    int        `json:"column"`              // from 1, in characters
}

// Word is one word with its quotes removed.
type Word struct {
	Text    string `json:"text"`              // expansions stand in it as they are written: $PATH, ${X:-y}, $(date)
	Expands bool   `json:"expands,omitempty"` // holds an expansion that the shell makes (unquoted or in double quotes, not escaped)
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

// Assign is NAME=value.
type Assign struct {
	Name  string `json:"name"`
	Value Word   `json:"value"`
}

// Redirect is a redirection, or what a program that writes its input into files (tee) was told.
type Redirect struct {
	Op      string `json:"op"` // ">", ">>", "<<", "tee", "tee -a"
	File    Word   `json:"file"`
	Heredoc *Word  `json:"heredoc,omitempty"` // the text of a here document
}
