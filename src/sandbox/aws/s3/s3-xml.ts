import type { Reply } from '../exchange.ts';
import { renderXml, type XmlElements } from '../xml.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** S3's lists are flat: the same element again and again, beside the others. */
export function s3Xml(
  root: string,
  elements: XmlElements,
  repeated: readonly (readonly [name: string, value: XmlElements])[] = [],
): Reply {
  const flat = repeated.map(([name, value]) => renderXml({ [name]: value })).join('');
  const body = `${declaration}<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${renderXml(elements)}${flat}</${root}>`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

export function s3Error(
  status: number,
  error: { readonly Code: string; readonly Message: string },
  details: XmlElements,
  requestId: string,
): Reply {
  const body = renderXml({ Error: { ...error, ...details, RequestId: requestId, HostId: 'sandbox' } });
  return {
    status,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': requestId },
    body: `${declaration}${body}`,
  };
}
