terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
      # The default provider works in the home region: the one of Identity Center. aws.us_east_1 is used only when that
      # is another region: what is global at AWS is told there.
      configuration_aliases = [aws.us_east_1]
    }
  }
}
