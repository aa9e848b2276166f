terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
      # The home region is the provider without a name. Where it is us-east-1 itself, pass the same provider twice.
      configuration_aliases = [aws.us_east_1]
    }
  }
}
