// Command one is a function that is built in a test.
package main

import "fmt"

func main() { fmt.Println("one") }
