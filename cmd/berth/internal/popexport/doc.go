// Package popexport finds the exports of the tables of a deployment of Comcast's
// Priority Operation Processing in a directory: what "aws dynamodb scan" wrote, a
// file for each table, and what an export to S3 wrote, a directory of compressed
// files for each.
package popexport
