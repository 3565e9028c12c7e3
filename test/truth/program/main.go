// Command program is what the truth test builds and debugs. It calls report once, or, with the argument wait, again and
// again until its input ends; then it ends with status 7.
package main

import (
	"bufio"
	"fmt"
	"os"
	"time"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "wait" {
		report("gopher", 42)
		return
	}
	ended := make(chan struct{})
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadByte() // nobody writes: it returns when the input ends
		close(ended)
	}()
	for beat := time.Tick(20 * time.Millisecond); ; {
		select {
		case <-beat:
			report("gopher", 42)
		case <-ended:
			os.Exit(7)
		}
	}
}

// report is where debuggers stop.
func report(word string, answer int) {
	fmt.Println(word, answer)
}
