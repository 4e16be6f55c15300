// Answers, with the kubelet's own code, which credentials serve an image: JSON lines in, JSON lines out.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"strconv"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"
)

// question is one pod's Secrets, in its order, and images to pull with them. Contents are base64 in JSON.
type question struct {
	Images  []string `json:"images"`
	Configs []struct {
		Type    v1.SecretType `json:"type"`
		Content []byte        `json:"content"`
	} `json:"configs"`
}

type answer struct {
	// Error is why the Secrets make no keyring, which fails every pull with them.
	Error  string  `json:"error"`
	Images []image `json:"images"`
}

type image struct {
	// Error is why the image is no reference; its name, tag and digest are empty then.
	Error       string       `json:"error"`
	Name        string       `json:"name"`
	Tag         string       `json:"tag"`
	Digest      string       `json:"digest"`
	Found       bool         `json:"found"`
	Credentials []credential `json:"credentials"`
}

type credential struct {
	// Config is the position of the Secret that it comes from.
	Config   int    `json:"config"`
	Username []byte `json:"username"`
	Password []byte `json:"password"`
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
		if err := answers.Encode(answerTo(asked)); err != nil {
			log.Fatal(err)
		}
	}
}

func answerTo(asked question) answer {
	pullSecrets := make([]v1.Secret, len(asked.Configs))
	for number, config := range asked.Configs {
		pullSecrets[number].UID = types.UID(strconv.Itoa(number))
		pullSecrets[number].Type = config.Type
		pullSecrets[number].Data = map[string][]byte{
			v1.DockerConfigJsonKey: config.Content,
			v1.DockerConfigKey:     config.Content,
		}
	}
	// What the node itself knows, which is asked after the Secrets, knows nothing here.
	keyring, err := secrets.MakeDockerKeyring(pullSecrets, credentialprovider.UnionDockerKeyring{})
	var told answer
	if err != nil {
		told.Error = err.Error()
	}
	for _, name := range asked.Images {
		told.Images = append(told.Images, pulled(name, keyring))
	}
	return told
}

// pulled does what the kubelet's image manager does before it asks the runtime to pull.
func pulled(name string, keyring credentialprovider.DockerKeyring) (told image) {
	var err error
	if told.Name, told.Tag, told.Digest, err = parsers.ParseImageName(name); err != nil {
		told.Error = err.Error()
		return told
	}
	if keyring == nil {
		return told
	}
	var found []credentialprovider.TrackedAuthConfig
	found, told.Found = keyring.Lookup(told.Name)
	for _, one := range found {
		number, err := strconv.Atoi(one.Source.Secret.UID)
		if err != nil {
			log.Fatal(err)
		}
		told.Credentials = append(told.Credentials, credential{number, []byte(one.Username), []byte(one.Password)})
	}
	return told
}
