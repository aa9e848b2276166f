import { addVersion } from './bucket.ts';
import { bypasses, isLocked, locked } from './retention.ts';
import { requirePermission, type S3Operation } from './s3-request.ts';

/** Source: S3 API Reference, DeleteObject: without a version a marker is put on top, and nothing is lost. */
export const deleteObject: S3Operation = (request) => {
  const { world, bucket, key, query, notes } = request;
  const versionId = query.get('versionId');
  requirePermission(request, versionId === undefined ? 'DeleteObject' : 'DeleteObjectVersion', 'object');
  const bypass = bypasses(request);
  if (bypass) requirePermission(request, 'BypassGovernanceRetention', 'object');
  if (versionId === undefined) {
    const marker = addVersion(bucket, key, {
      deleteMarker: true,
      lastModified: Math.floor(world.now() / 1000) * 1000,
    });
    notes.response = { 'x-amz-version-id': marker.versionId, 'x-amz-delete-marker': 'true' };
    return { status: 204, headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker.versionId } };
  }
  const versions = bucket.objects.get(key) ?? [];
  const found = versions.find((entry) => entry.versionId === versionId);
  if (found !== undefined && isLocked(found, bypass, world.now())) throw locked();
  const rest = versions.filter((entry) => entry !== found);
  if (rest.length === 0) bucket.objects.delete(key);
  else bucket.objects.set(key, rest);
  const wasMarker = found?.deleteMarker === true;
  return {
    status: 204,
    headers: { 'x-amz-version-id': versionId, ...(wasMarker ? { 'x-amz-delete-marker': 'true' } : {}) },
  };
};
