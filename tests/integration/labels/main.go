// Answers, with Kubernetes's own code, which labels a selector selects: JSON lines in, JSON lines out.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"k8s.io/apimachinery/pkg/labels"
)

type question struct {
	Selector string              `json:"selector"`
	Labels   []map[string]string `json:"labels"`
}

type answer struct {
	IsSelector bool   `json:"isSelector"`
	Selected   []bool `json:"selected"`
}

func main() {
	log.SetFlags(0)
	questions, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var asked question
		if err := questions.Decode(&asked); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		selector, err := labels.Parse(asked.Selector)
		given := answer{IsSelector: err == nil, Selected: []bool{}}
		for _, each := range asked.Labels {
			given.Selected = append(given.Selected, err == nil && selector.Matches(labels.Set(each)))
		}
		if err := answers.Encode(given); err != nil {
			log.Fatal(err)
		}
	}
}
