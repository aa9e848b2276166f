variable "patterns" {
  description = "Name of a rule => its event pattern, as JSON."
  type        = map(string)
  nullable    = false
}

variable "bus" {
  description = "ARN of the bus in the access account."
  type        = string
  nullable    = false
}

variable "role" {
  description = "ARN of the role that EventBridge puts events to that bus with."
  type        = string
  nullable    = false
}

variable "queue_policy" {
  description = "Policy of the queue forge-breakglass-undelivered, as JSON: who may put there what could not be delivered."
  type        = string
  nullable    = false
}

variable "alarm_topics" {
  description = "ARNs of SNS topics, of this region, that are told when something could not be delivered."
  type        = list(string)
  default     = []
  nullable    = false
}
