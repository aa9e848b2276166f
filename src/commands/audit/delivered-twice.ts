/** What is said of a stream of the archive with `another`. */
export const deliveredTwice =
  'it was delivered twice, and not the same: shown is what was archived first. Which piece: forge audit verify --archive';
