//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"strconv"
	"strings"
)

// messages is a stream of JSON messages with the header that the Debug Adapter Protocol and the Language Server Protocol
// share.
type messages struct {
	writer io.Writer
	reader *bufio.Reader
	last   int // number of the last request
}

func (m *messages) send(message map[string]any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(m.writer, "Content-Length: %d\r\n\r\n%s", len(text), text)
	return err
}

func (m *messages) receive(message any) error {
	header, err := textproto.NewReader(m.reader).ReadMIMEHeader()
	if err != nil {
		return err
	}
	length, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil {
		return err
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(m.reader, text); err != nil {
		return err
	}
	return json.Unmarshal(text, message)
}

// lineOf is the number of the first line of a file that holds a text, from 1.
func lineOf(file, text string) (int, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	before, _, ok := strings.Cut(string(source), text)
	if !ok {
		return 0, fmt.Errorf("%s has no %s", file, text)
	}
	return strings.Count(before, "\n") + 1, nil
}
