// Command target is a program that works until it is ended, for debuggers to attach to.
package main

import "time"

func tick(word string) int { return 7 * len(word) }

func main() {
	for {
		tick("gopher")
		time.Sleep(10 * time.Millisecond)
	}
}
